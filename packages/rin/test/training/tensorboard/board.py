"""Prints what TensorBoard's own reader finds in a folder of event files: for each tag the steps, and the values or the sizes."""
import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

board = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0})
board.Reload()
tags = board.Tags()
print(json.dumps({
    "scalars": {tag: [[event.step, event.value] for event in board.Scalars(tag)] for tag in tags["scalars"]},
    "pictures": {
        tag: [[event.step, event.width, event.height, event.encoded_image_string.hex()] for event in board.Images(tag)]
        for tag in tags["images"]
    },
}))
