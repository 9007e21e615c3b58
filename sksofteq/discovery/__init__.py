"""Which candidates the data obey, found out before any network is trained."""

from sksofteq.discovery._process import LeftOutProcess
from sksofteq.discovery._tests import Evidence, gather_evidence, process_tests

__all__ = ["Evidence", "LeftOutProcess", "gather_evidence", "process_tests"]
