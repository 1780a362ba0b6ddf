"""Say in one line what TensorFlow computes on here: the end of ``make env GPU=1``."""

from convaudit.errors import AuditError
from convaudit.system.devices import gpu
from jobs.tensorflow_job import start_tensorflow

if __name__ == "__main__":
    try:
        start_tensorflow()
        from convaudit.system.devices.device import current

        found = current()
        hint = f": {gpu.why_none()}, so audits use the processor" if found.kind == "cpu" else ""
        print(f"{found}{hint}")
    except AuditError as error:
        print(error)
