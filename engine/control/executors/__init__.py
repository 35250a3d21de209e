"""How workers are started and ended: one protocol, one module for each way. Nothing outside starts or ends a worker."""
