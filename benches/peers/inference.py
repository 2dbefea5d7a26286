"""ONNX Runtime on one thread: the network alone.

Arguments: MODEL SIDE_PX RUNS. Prints the milliseconds of each run as a JSON list.
"""

import json
import sys
import time

import numpy
import onnxruntime

model, side_px, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
values = numpy.random.default_rng(1).uniform(-1, 1, (1, 3, side_px, side_px)).astype(numpy.float32)
feed = {session.get_inputs()[0].name: values}
for _ in range(3):
    session.run(None, feed)

milliseconds = []
for _ in range(runs):
    start = time.perf_counter()
    session.run(None, feed)
    milliseconds.append((time.perf_counter() - start) * 1000)
print(json.dumps(milliseconds))
