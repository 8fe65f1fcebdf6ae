"""The demo city 泉城市: invented organisations, documents, interpretations, and the loading of them into a suite.

Everything in it is written for this project; places, people and telephone numbers do not exist. The content is the
same on every machine: dates are fixed days, numbers follow from them.
"""

from deploy.local.demo.loader import DemoCredentials, load, read_credentials

__all__ = ["DemoCredentials", "load", "read_credentials"]
