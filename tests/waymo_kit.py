"""Scenarios of the Waymo Open Motion Dataset, invented and written."""

import numpy as np
from tfrecord_kit import bytes_feature, example, float_feature, int64_feature, record

STEPS = {"past": slice(0, 10), "current": slice(10, 11), "future": slice(11, 91)}


def scenario(kinds=(1, 2, -1), seed=0):
    """Tracks of 91 steps as the file has them: objects of some kinds, -1 for none."""
    rng = np.random.default_rng(seed)
    kinds = np.array(kinds)
    seen = (kinds >= 0)[:, None] & np.ones((1, 91), dtype=bool)
    start = rng.normal(scale=5000.0, size=(len(kinds), 1))
    tracks = {
        name: np.where(seen, start + 0.1 * np.arange(91), -1.0).astype(np.float32)
        for name in ("x", "y", "z", "velocity_x", "velocity_y")
    }
    tracks["velocity_x"][seen] = 3.0
    tracks["velocity_y"][seen] = 4.0
    count = np.arange(len(kinds))
    return tracks | {
        "valid": seen.astype(int),
        "type": kinds,
        "id": np.where(kinds >= 0, 100 + count, -1),
        "is_sdc": (count == 0).astype(int),
        "tracks_to_predict": (count == 1).astype(int),
    }


def features(tracks, name="9a3bf0", moments=tuple(STEPS)):
    """Features of a tf.Example by name."""
    written = {
        "roadgraph_samples/xyz": float_feature(np.arange(6.0)),
        "state/type": float_feature(tracks["type"]),
        "state/id": float_feature(tracks["id"]),
        "state/is_sdc": int64_feature(tracks["is_sdc"]),
        "state/tracks_to_predict": int64_feature(tracks["tracks_to_predict"]),
    }
    if name is not None:
        written["scenario/id"] = bytes_feature([name.encode()])
    for moment in moments:
        for key in ("x", "y", "z", "velocity_x", "velocity_y", "valid"):
            write = int64_feature if key == "valid" else float_feature
            written[f"state/{moment}/{key}"] = write(tracks[key][:, STEPS[moment]].ravel())
    return written


def waymo_file(path, *scenarios):
    """Write features of scenarios to a file and give its path."""
    path.write_bytes(b"".join(record(example(scenario)) for scenario in scenarios))
    return path
