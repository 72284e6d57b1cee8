import sys

import pytest

from impasto.core.errors import MissingError
from impasto.training.folder import find_writer


def test_without_tensorboard_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingError, match=r"pip install 'impasto\[tensorboard\]'"):
        find_writer()
