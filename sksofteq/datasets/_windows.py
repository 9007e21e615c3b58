"""Windows cut from trajectories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.datasets._checks import check_size

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def trajectory_windows(
    trajectories: Sequence[ArrayLike],
    *,
    n_past: int,
    n_future: int,
    stride: int = 1,
    step: int = 1,
    relative: bool = False,
) -> tuple[NDArray, NDArray, NDArray]:
    """Cut trajectories into windows of past steps and the future steps to predict.

    Parameters
    ----------
    trajectories : sequence of array-like of shape (n_frames, d) or (n_frames, n_entities, d)
        Recordings; shorter ones than a window are left out.
    n_past, n_future : int
        Steps given and steps to predict.
    stride : int, default=1
        Frames from the start of one window to that of the next.
    step : int, default=1
        Frames from one step to the next.
    relative : bool, default=False
        Subtract the centroid of the last past step (the mean over entities) from all positions
        of the window.

    Returns
    -------
    X : ndarray of shape (n_windows, n_past * n_entities * d)
        Step after step: ``X.reshape(-1, n_past, n_entities, d)``; for entities ``joint`` of
        coordinates ``xyz``, ``rep_in=f"{n_past}*joint*point(xyz)"``.
    y : ndarray of shape (n_windows, n_future * n_entities * d)
    groups : ndarray of int, shape (n_windows,)
        Number of the trajectory, for splits by trial.

    Examples
    --------
    >>> import numpy as np
    >>> from sksofteq.datasets import trajectory_windows
    >>> X, y, groups = trajectory_windows([np.arange(10.0).reshape(5, 2)], n_past=2, n_future=1)
    >>> X[0], y[0], groups
    (array([0., 1., 2., 3.]), array([4., 5.]), array([0, 0, 0]))
    """
    for name, value in (("n_past", n_past), ("n_future", n_future)):
        check_size(name, value)
    check_size("stride", stride)
    check_size("step", step)
    arrays = [np.asarray(trajectory, dtype=float) for trajectory in trajectories]
    shapes = {array.shape[1:] for array in arrays}
    if len(shapes) != 1 or len(next(iter(shapes))) not in (1, 2):
        raise ValueError(
            "trajectories must all have shape (n_frames, d) or all (n_frames, n_entities, d) with "
            f"one d, got shapes {[array.shape for array in arrays][:5]}."
        )
    offsets = step * np.arange(n_past + n_future)
    windows, groups = [], []
    for number, array in enumerate(arrays):
        starts = np.arange(0, len(array) - offsets[-1], stride)
        windows.append(array[starts[:, None] + offsets])
        groups.append(np.full(len(starts), number))
    all_windows = np.concatenate(windows)
    if not len(all_windows):
        raise ValueError(
            f"No trajectory is as long as a window of {offsets[-1] + 1} frames; the longest has "
            f"{max(map(len, arrays))}. Lower n_past, n_future or step."
        )
    if relative:
        last = all_windows[:, n_past - 1 : n_past]
        all_windows = all_windows - (last.mean(axis=2, keepdims=True) if last.ndim == 4 else last)
    past, future = all_windows[:, :n_past], all_windows[:, n_past:]
    flat = (len(all_windows), -1)
    return past.reshape(flat), future.reshape(flat), np.concatenate(groups)
