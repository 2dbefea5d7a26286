"""The commands: prepare, narrow, train, mix, evaluate, export."""

import argparse
import time
from pathlib import Path

import torch

from .memory import keep_freed


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m recipe", description=__doc__)
    parser.add_argument("--threads", type=int, default=2, help="processor threads of PyTorch")
    commands = parser.add_subparsers(dest="command", required=True)

    prepare = commands.add_parser("prepare", help="choose the photos, and make the worst references again")
    prepare.add_argument("--data", type=Path, required=True, help="folder with list.tsv, train, eval and empty")
    prepare.add_argument("--out", type=Path, required=True, help="folder for references and the table of photos")
    prepare.add_argument("--student", type=Path, required=True, help="ONNX file whose agreement is asked for")
    prepare.add_argument(
        "--agreed", type=float, default=0.7, help="intersection over union from which on a reference is kept"
    )
    prepare.add_argument("--teacher", type=Path, required=True, help="ONNX file of IS-Net")
    prepare.add_argument("--size", type=int, default=1024, help="side in pixels at which the teacher looks again")
    prepare.add_argument("--minutes", type=float, default=60, help="time for the teacher; 0 only chooses")

    narrow = commands.add_parser("narrow", help="keep the channels of a wider last stage that matter most")
    narrow.add_argument("--prepared", type=Path, required=True, help="the folder that prepare wrote")
    narrow.add_argument("--model", type=Path, required=True, help="ONNX file with the wider stage")
    narrow.add_argument("--out", type=Path, required=True, help="ONNX file to train on from")
    narrow.add_argument("--width", type=int, default=16, help="channels of the stage")
    narrow.add_argument("--photos", type=int, default=64, help="photos on which channels are compared")

    train = commands.add_parser("train", help="train on the chosen photos; goes on where it was cut off")
    train.add_argument("--prepared", type=Path, required=True, help="the folder that prepare wrote")
    train.add_argument("--out", type=Path, required=True, help="folder for the checkpoint, latest.onnx and log.txt")
    train.add_argument("--init", type=Path, required=True, help="ONNX file to go on from")
    train.add_argument("--size", type=int, default=256, help="side in pixels of the samples")
    train.add_argument("--final-size", type=int, default=320, help="side in pixels of the last samples")
    train.add_argument("--final-share", type=float, default=0.15, help="share of the run at the final size")
    train.add_argument("--batch", type=int, default=16)
    train.add_argument("--rate", type=float, default=4e-4, help="learning rate of the decoder")
    train.add_argument("--freeze", type=int, default=6, help="blocks of the encoder that stay as they are")
    train.add_argument("--fresh-steps", type=int, default=100, help="steps in which only layers without weights learn")
    train.add_argument("--seed", type=int, default=1)
    length = train.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, default=0, help="length by the clock, all sessions together")
    length.add_argument("--samples", type=int, default=0, help="length in samples, which can be repeated exactly")

    mix = commands.add_parser("mix", help="a weighted mean of a model and the one it was trained from")
    mix.add_argument("--model", type=Path, required=True, help="ONNX file")
    mix.add_argument("--other", type=Path, required=True, help="ONNX file that it goes towards")
    mix.add_argument("--share", type=float, default=0.2, help="how far: 0 is the model, 1 the other")
    mix.add_argument("--out", type=Path, required=True, help="ONNX file to write")

    evaluate = commands.add_parser("evaluate", help="print the table of an ONNX file")
    evaluate.add_argument("--model", type=Path, required=True)
    evaluate.add_argument("--data", type=Path, required=True)

    export = commands.add_parser("export", help="write a checkpoint's averaged weights as ONNX")
    export.add_argument("--checkpoint", type=Path, required=True)
    export.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def logger(file: Path | None):
    """Lines on the screen and, with the time of day, at the end of a file."""

    def log(line: str) -> None:
        print(line, flush=True)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a") as lines:
                lines.write(f"{time.strftime('%F %T')} {line}\n")

    return log


def main() -> None:
    given = arguments()
    keep_freed()
    torch.set_num_threads(given.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if given.command == "prepare":
        from .prepare import prepare

        log = logger(given.out / "log.txt")
        prepare(
            given.data,
            given.student,
            given.agreed,
            given.teacher,
            given.size,
            given.minutes,
            given.out,
            device,
            log,
        )
    elif given.command == "narrow":
        from . import chosen
        from .export import export
        from .narrow import narrow

        learnt = [row for row in chosen.read(given.prepared) if not row.held_out]
        pictures = [row.picture() for row in learnt[:: max(1, len(learnt) // given.photos)]]
        export(narrow(given.model, given.width, pictures, logger(None)), given.out)
    elif given.command == "train":
        from . import chosen
        from .train import Settings, train

        settings = Settings(
            given.init,
            given.size,
            given.final_size,
            given.final_share,
            given.batch,
            given.rate,
            given.freeze,
            given.fresh_steps,
            given.minutes,
            given.samples,
            given.seed,
        )
        train(chosen.read(given.prepared), settings, given.out, device, logger(given.out / "log.txt"))
    elif given.command == "mix":
        from .export import export
        from .mix import mix

        export(mix(given.model, given.other, given.share), given.out)
    elif given.command == "evaluate":
        from .evaluate import evaluate

        evaluate(given.model, given.data, logger(None))
    else:
        from .export import export
        from .network import Network

        state = torch.load(given.checkpoint, map_location="cpu")["average"]
        network = Network(len(state["stage1.reduce.weight"]))
        network.load_state_dict(state)
        export(network, given.out)
        logger(None)(f"{given.out}: {given.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
