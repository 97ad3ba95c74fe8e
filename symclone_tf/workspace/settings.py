"""Where clones and data are, and how much is printed: what a whole run shares."""

import dataclasses
import warnings

from symclone_tf.checks import one_of
from symclone_tf.data import Images, SegmentedImages, open_images, open_segmented
from symclone_tf.data.sources import is_path
from symclone_tf.errors import DataWarning
from symclone_tf.types import Path


@dataclasses.dataclass(frozen=True)
class Workspace:
    """The folders of a run, and how it reports.

    Functions that train, probe or draw take one as `workspace`; `None` stands for
    the defaults.

    Attributes:
        clones: String or path, the root of all exported clones; those that are
            missing are cloned, and exported to it.
        data_dir: String or path, where TFDS keeps its data; `None` for the
            environment's `TFDS_DATA_DIR`, or else TFDS' default.
        verbose: Integer, 0 for silence, 1 for progress bars on stderr.
        strict: Boolean, whether to refuse images that cannot be read, instead of
            leaving them out.

    Example:

    >>> quiet = Workspace(clones=directory, verbose=0)
    >>> experiment = Experiment("cloned", "c2", data="cells.npz", image_size=16)
    >>> [s.teacher.name for s in find_or_clone(experiment, quiet)]  # doctest: +SKIP
    ['c2-lifting-16x16-k3', 'c2-group-14x14-k3', 'c2-group-6x6-k3', 'c2-group-4x4-k3']
    """

    clones: Path = "exported"
    data_dir: Path | None = None
    verbose: int = 1
    strict: bool = False

    def __post_init__(self) -> None:
        for name in ("clones", "data_dir"):
            value = getattr(self, name)
            if not is_path(value) and (name, value) != ("data_dir", None):
                raise ValueError(
                    f"`{name}` must be a string or a path. Received: {name}={value!r}"
                )
        one_of("verbose", self.verbose, (0, 1))
        one_of("strict", self.strict, (False, True))

    @classmethod
    def of(cls, workspace: "Workspace | None") -> "Workspace":
        """Returns a workspace as it is, and the default one for `None`.

        Raises:
            ValueError: If it is neither.

        Example:

        >>> Workspace.of(None).clones
        'exported'
        """
        if workspace is None:
            return cls()
        if not isinstance(workspace, cls):
            raise ValueError(
                "`workspace` must be a Workspace, as Workspace(clones='exported'), or "
                f"None. Received: workspace={workspace!r}"
            )
        return workspace

    @property
    def silent(self) -> "Workspace":
        """The same, without output on stderr.

        Example:

        >>> Workspace(verbose=1).silent
        Workspace(clones='exported', data_dir=None, verbose=0, strict=False)
        """
        return dataclasses.replace(self, verbose=0)

    def open_images(
        self,
        data: Path,
        image_size: int | None = None,
        keep_together: str | None = None,
    ) -> Images:
        """Opens images with this workspace's `strict` and `data_dir`.

        A `DataWarning` each says what was changed or left out, see `Images.notes`.

        Args:
            data: String or path, see `symclone_tf.data.open_images`.
            image_size: Integer, pixels, see `symclone_tf.data.open_images`.
            keep_together: String, a pattern, see `symclone_tf.data.open_images`.

        Returns:
            `Images`.

        Raises:
            DataError: If there is no such data, or it is not labelled images.
        """
        images = open_images(
            data,
            image_size,
            strict=self.strict,
            data_dir=self.data_dir,
            keep_together=keep_together,
        )
        for note in images.notes:
            warnings.warn(note, DataWarning, stacklevel=2)
        return images

    def open_segmented(
        self,
        data: Path,
        image_size: int | None = None,
        keep_together: str | None = None,
    ) -> SegmentedImages:
        """Opens images and masks with this workspace's `strict`.

        A `DataWarning` each says what was changed or left out, see
        `SegmentedImages.notes`.

        Args:
            data: String or path, see `symclone_tf.data.open_segmented`.
            image_size: Integer, pixels, see `symclone_tf.data.open_segmented`.
            keep_together: String, a pattern, see `symclone_tf.data.open_segmented`.

        Returns:
            `SegmentedImages`.

        Raises:
            DataError: If there is no such data, or it is not images and masks.
        """
        images = open_segmented(
            data, image_size, strict=self.strict, keep_together=keep_together
        )
        for note in images.notes:
            warnings.warn(note, DataWarning, stacklevel=2)
        return images
