"""Golden tensors and mattes for every family, computed without any of Clearcut's code.

Writes cases.json, golden.bin, one tiny ONNX network per family and some that cannot work beside itself; the output is the same on every run.
The rules of each model are stated here a second time, by hand and from the authors' sources, so that a slip in
models/catalogue.toml shows. Resampling is written out in numpy and checked against Pillow where Pillow has the filter.

    pip install numpy pillow onnx onnxruntime && python generate.py
"""

import json
import math
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

HERE = Path(__file__).parent
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
HALF = ([0.5] * 3, [0.5] * 3)
SIDE = 20  # in place of 320 or 1024: the rules are the same, the files are small


# --- resampling -----------------------------------------------------------------------------------------------------

def kernel_rows(kernel, support, size_in, size_out, widen):
    """The weights of a separable resampling, one row per output pixel: edges are cut off and the rest normalized."""
    scale = size_in / size_out
    stretch = max(scale, 1.0) if widen else 1.0
    rows = np.zeros((size_out, size_in))
    for out in range(size_out):
        center = (out + 0.5) * scale
        if widen:
            for x in range(size_in):
                distance = (x + 0.5 - center) / stretch
                if abs(distance) < support:
                    rows[out, x] = kernel(distance)
            rows[out] /= rows[out].sum()
        else:  # half-pixel centers, edges repeated
            left = math.floor(center - 0.5)
            share = center - 0.5 - left
            rows[out, min(max(left, 0), size_in - 1)] += 1 - share
            rows[out, min(max(left + 1, 0), size_in - 1)] += share
    return rows


def area_rows(size_in, size_out):
    scale = size_in / size_out
    rows = np.zeros((size_out, size_in))
    for out in range(size_out):
        for x in range(size_in):
            rows[out, x] = max(0.0, min((out + 1) * scale, x + 1) - max(out * scale, x)) / scale
    return rows


def rows_of(name, size_in, size_out):
    if name == "area":
        return area_rows(size_in, size_out)
    if name == "lanczos":
        return kernel_rows(lambda x: np.sinc(x) * np.sinc(x / 3), 3.0, size_in, size_out, True)
    return kernel_rows(lambda x: 1 - abs(x), 1.0, size_in, size_out, name == "bilinear")


def resample(pixels, width, height, name):
    """pixels: height x width (x channels), any type; the result is float, cut to bytes' range after each direction."""
    pixels = pixels.astype(np.float64)
    pixels = np.einsum("oi,hi...->ho...", rows_of(name, pixels.shape[1], width), pixels).clip(0, 255)
    return np.einsum("oi,iw...->ow...", rows_of(name, pixels.shape[0], height), pixels).clip(0, 255)


def check_against_pillow(pixels):
    for name, filter in [("bilinear", Image.Resampling.BILINEAR), ("lanczos", Image.Resampling.LANCZOS)]:
        for size in [(SIDE, SIDE), (90, 70)]:
            ours = resample(pixels, *size, name)
            pillow = np.asarray(Image.fromarray(pixels).resize(size, filter), dtype=np.float64)
            assert np.abs(ours - pillow).max() <= 1.5, (name, size)  # Pillow rounds twice


# --- pictures -------------------------------------------------------------------------------------------------------

def picture(width, height, brightness, seed):
    """Smooth waves with a hard-edged disc: something for every filter to differ on."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x * rng.uniform(0.1, 0.6) + y * rng.uniform(0.1, 0.6) + c) for c in range(3)]
    rgb = np.stack(waves, -1) * 0.4 + 0.5
    disc = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(width, height) / 3) ** 2
    rgb[disc] = 1 - rgb[disc] * 0.5
    rgba = np.full((height, width, 4), 255, np.uint8)
    rgba[..., :3] = np.round(rgb.clip(0, 1) * brightness)
    rgba[..., 3] = rng.integers(0, 256, (height, width))  # must not matter
    return rgba


# --- networks -------------------------------------------------------------------------------------------------------

def network(name, input_name, outputs, dynamic=False, side=SIDE, logits=False, classes=1):
    """One 3x3 convolution; `outputs` heads of it, of which the first is the matte."""
    rng = np.random.default_rng(sum(name.encode()))
    nodes, constants, values = [], [], []
    sides = ["height", "width"] if dynamic else [side, side]
    for index, output in enumerate(outputs):
        channels = classes if index == 0 else 1
        weights = rng.normal(0, 0.08, (channels, 3, 3, 3)).astype(np.float32)
        bias = rng.normal(0, 0.1, channels).astype(np.float32)
        constants += [numpy_helper.from_array(weights, f"w{index}"), numpy_helper.from_array(bias, f"b{index}")]
        last = output if logits else f"conv{index}"
        nodes.append(helper.make_node("Conv", [input_name, f"w{index}", f"b{index}"], [last], pads=[1, 1, 1, 1]))
        if not logits:
            nodes.append(helper.make_node("Sigmoid", [last], [output]))
        values.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, channels, *sides]))
    source = helper.make_tensor_value_info(input_name, TensorProto.FLOAT, [1, 3, *sides])
    graph = helper.make_graph(nodes, name, [source], values, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], producer_name="clearcut-golden")
    model.ir_version = 7
    onnx.checker.check_model(model)
    onnx.save(model, HERE / f"{name}.onnx")


def make_networks():
    network("clearcut", "input", ["alpha"])
    network("u2net", "input.1", ["d0", "d1", "d2", "d3", "d4", "d5", "d6"])
    network("u2net-cloth", "input", ["d0", "d1", "d2", "d3", "d4", "d5", "d6"], logits=True, classes=4)
    network("isnet", "input_image", ["d1", "d2", "d3", "d4", "d5", "d6"])
    network("birefnet", "input_image", ["output_image"], logits=True)
    network("modnet", "input", ["output"], dynamic=True)
    network("inspyrenet", "input", ["output"])
    network("ben", "input", ["output"])


def odd_network(name, nodes, input_shape=(1, 3, SIDE, SIDE), inputs=("input",), constants=(), output_shape=None,
                input_type=TensorProto.FLOAT):
    sources = [helper.make_tensor_value_info(i, input_type, input_shape) for i in inputs]
    sink = helper.make_tensor_value_info("output", TensorProto.FLOAT, output_shape)
    graph = helper.make_graph(nodes, name, sources, [sink], constants)
    opsets = [helper.make_opsetid("", 11), helper.make_opsetid("com.example", 1)]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="clearcut-golden")
    model.ir_version = 7
    (HERE / f"odd-{name}.onnx").write_bytes(model.SerializeToString())


def make_odd_networks():
    """Networks that cannot work, or only just."""
    sigmoid = [helper.make_node("Sigmoid", ["input"], ["output"])]
    odd_network("dynamic", sigmoid, input_shape=("batch", "channels", "height", "width"))
    odd_network("rank-3", sigmoid, input_shape=(3, SIDE, SIDE))
    odd_network("gray", sigmoid, input_shape=(1, 1, SIDE, SIDE))
    odd_network("two-inputs", [helper.make_node("Add", ["input", "other"], ["output"])], inputs=("input", "other"))
    odd_network("unknown-operator", [helper.make_node("Levitate", ["input"], ["output"], domain="com.example")])
    odd_network("not-a-number", [helper.make_node("Sub", ["input", "input"], ["zero"]),
                                 helper.make_node("Div", ["zero", "zero"], ["output"])])
    odd_network("infinite", [helper.make_node("Sub", ["input", "input"], ["zero"]), helper.make_node("Exp", ["zero"], ["one"]),
                             helper.make_node("Div", ["one", "zero"], ["output"])])
    odd_network("integer", [helper.make_node("Cast", ["input"], ["output"], to=TensorProto.FLOAT)],
                input_type=TensorProto.INT64)
    odd_network("no-output", [helper.make_node("Sigmoid", ["input"], ["elsewhere"])])
    odd_network("scalar", [helper.make_node("ReduceMean", ["input"], ["output"], keepdims=0)])
    kernel = numpy_helper.from_array(np.full((1, 3, 1, 1), 0.25, np.float16), "kernel")
    half = helper.make_node("Cast", ["input"], ["half"], to=TensorProto.FLOAT16)
    half_conv = helper.make_node("Conv", ["half", "kernel"], ["half_output"])
    single = helper.make_node("Cast", ["half_output"], ["output"], to=TensorProto.FLOAT)
    odd_network("half-precision", [half, half_conv, single], constants=[kernel])
    outside = numpy_helper.from_array(np.zeros((1, 3, 1, 1), np.float32), "weights")
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="../../../etc/passwd")
    odd_network("external-weights", [helper.make_node("Mul", ["input", "weights"], ["output"])], constants=[outside])
    shape = numpy_helper.from_array(np.array([1, 3, 1 << 20, 1 << 20], np.int64), "shape")
    odd_network("huge", [helper.make_node("ConstantOfShape", ["shape"], ["large"]),
                         helper.make_node("Add", ["input", "large"], ["output"])], constants=[shape])
    kernel = numpy_helper.from_array(np.zeros((1, 5, 3, 3), np.float32), "kernel")
    odd_network("mismatch", [helper.make_node("Conv", ["input", "kernel"], ["output"])], constants=[kernel])


# --- the models' rules ----------------------------------------------------------------------------------------------

def rules(network, mean_std, size="square", filter="bilinear", scale="255", post="none", stretch=False, back="bilinear"):
    return dict(network=network, mean_std=mean_std, size=size, filter=filter, scale=scale, post=post, stretch=stretch, back=back)


def rembg(network, mean_std, **other):
    return rules(network, mean_std, **{"filter": "lanczos", "scale": "max", "stretch": True, "back": "lanczos", **other})


IMGLY = ([128 / 255] * 3, [256 / 255] * 3)
CASES = [
    ("clearcut-s", "authors", rules("clearcut", HALF)),
    ("u2net", "authors", rules("u2net", IMAGENET, scale="max", stretch=True)),
    ("u2net", "rembg", rembg("u2net", IMAGENET)),
    ("u2net-cloth-seg", "authors", rules("u2net-cloth", HALF, post="softmax")),
    ("u2net-cloth-seg", "rembg", rembg("u2net-cloth", IMAGENET, post="argmax", stretch=False)),
    ("isnet-general-use", "authors", rules("isnet", ([0.5] * 3, [1.0] * 3), filter="four-tap", stretch=True)),
    ("isnet-general-use", "rembg", rembg("isnet", ([0.5] * 3, [1.0] * 3))),
    ("isnet-anime", "authors", rules("isnet", ([0.0] * 3, [1.0] * 3), size="letterbox", filter="four-tap")),
    ("isnet-anime", "rembg", rembg("isnet", (IMAGENET[0], [1.0] * 3))),
    ("isnet-imgly", "authors", rules("isnet", IMGLY, filter="four-tap")),
    ("birefnet-general", "authors", rules("birefnet", IMAGENET, post="sigmoid")),
    ("birefnet-general", "rembg", rembg("birefnet", IMAGENET, post="sigmoid")),
    ("modnet-photographic", "authors", rules("modnet", HALF, size="short-side", filter="area", back="area")),
    ("inspyrenet", "authors", rules("inspyrenet", IMAGENET)),
    ("ben2", "authors", rules("ben", ([0.0] * 3, [1.0] * 3), stretch=True)),
    ("ben2", "rembg", rembg("ben", ([0.5] * 3, [1.0] * 3))),
    ("clearcut-s", "rembg", rembg("clearcut", IMAGENET)),
]


def prepare(rgba, rule):
    """The input tensor, and the box (left, top, width, height) of the picture in it."""
    height, width = rgba.shape[:2]
    if rule["size"] == "square":
        box = (0, 0, SIDE, SIDE)
        shape = (SIDE, SIDE)
    elif rule["size"] == "letterbox":
        h, w = (SIDE, int(SIDE * width / height)) if height > width else (int(SIDE * height / width), SIDE)
        box = ((SIDE - w) // 2, (SIDE - h) // 2, w, h)
        shape = (SIDE, SIDE)
    else:  # short side 16 in multiples of 4, as MODNet's 512 and 32
        short, multiple = 16, 4
        h, w = height, width
        if max(h, w) < short or min(h, w) > short:
            h, w = (short, int(width / height * short)) if width >= height else (int(height / width * short), short)
        box = (0, 0, w - w % multiple, h - h % multiple)
        shape = (box[3], box[2])
    rgb = resample(rgba[..., :3], box[2], box[3], rule["filter"])
    rgb = rgb / (rgb.max() if rule["scale"] == "max" else 255)
    full = np.zeros((*shape, 3))
    full[box[1]:box[1] + box[3], box[0]:box[0] + box[2]] = rgb
    mean, std = (np.array(v) for v in rule["mean_std"])
    return ((full - mean) / std).transpose(2, 0, 1)[None].astype(np.float32), box


def finish(output, rule, box):
    output = output.astype(np.float64)
    if rule["post"] == "softmax":
        shares = np.exp(output - output.max(1, keepdims=True))
        plane = 1 - (shares / shares.sum(1, keepdims=True))[0, 0]
    elif rule["post"] == "argmax":
        plane = (output.argmax(1)[0] > 0).astype(np.float64)
    else:
        plane = output[0, 0]
    if rule["post"] == "sigmoid":
        plane = 1 / (1 + np.exp(-plane))
    if rule["stretch"]:
        plane = (plane - plane.min()) / (plane.max() - plane.min())
    plane = plane[box[1]:box[1] + box[3], box[0]:box[0] + box[2]]
    return np.round(plane.clip(0, 1) * 255).astype(np.uint8)


def main():
    make_networks()
    make_odd_networks()
    pictures = {"landscape": picture(60, 40, 255, 1), "dark-portrait": picture(27, 48, 90, 2)}
    blob, cases = bytearray(), []

    def store(array):
        offset = len(blob)
        blob.extend(np.ascontiguousarray(array).tobytes())
        return {"offset": offset, "bytes": len(blob) - offset, "width": array.shape[-1], "height": array.shape[-2]}

    placed = {}
    for name, rgba in pictures.items():
        check_against_pillow(rgba[..., :3])
        placed[name] = {**store(rgba), "width": rgba.shape[1], "height": rgba.shape[0]}
    for model, compat, rule in CASES:
        session = onnxruntime.InferenceSession(HERE / f"{rule['network']}.onnx", providers=["CPUExecutionProvider"])
        for name, rgba in pictures.items():
            tensor, box = prepare(rgba, rule)
            output = session.run(None, {session.get_inputs()[0].name: tensor})[0]
            matte = finish(output, rule, box)
            restored = resample(matte, rgba.shape[1], rgba.shape[0], rule["back"])
            cases.append({
                "model": model,
                "compat": compat,
                "network": rule["network"],
                "size": {"square": {"square": {"side_px": SIDE}}, "letterbox": {"letterbox": {"side_px": SIDE}},
                         "short-side": {"short_side": {"side_px": 16, "multiple_px": 4}}}[rule["size"]],
                "picture_name": name,
                "picture": placed[name],
                "input": store(tensor),
                "matte": store(matte),
                "restored": store(np.round(restored).astype(np.uint8)),
            })
    (HERE / "golden.bin").write_bytes(blob)
    (HERE / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
