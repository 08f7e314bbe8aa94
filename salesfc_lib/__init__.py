"""Library of the sales-forecast workbench: one concept a file, imports flow one way (see
ARCHITECTURE.md).
"""

__version__ = "0.3.0"
