"""A user's checkpoint: its configuration, tokenizer and weights, or one line that says why it cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

__all__ = ["check_kind", "config_of", "first_position", "longest_text", "tokenizer_of", "weights_of"]

_SECONDS = 10  # for the hub's answer; its own client tries for half a minute


def config_of(name: str) -> Any:
    """Return a checkpoint's configuration; ValueError in one line where there is none."""
    from transformers import AutoConfig  # noqa: PLC0415  # made models ask for theirs by kind

    return _loaded(AutoConfig, name, "configuration")


def tokenizer_of(name: str) -> Any:
    """Return a checkpoint's tokenizer; ValueError in one line where there is none, or it knows more than the model."""
    from transformers import AutoTokenizer  # noqa: PLC0415  # as above

    tokenizer, config = _loaded(AutoTokenizer, name, "tokenizer"), config_of(name)
    if len(tokenizer) > config.vocab_size:
        msg = f"{name}: its tokenizer has {len(tokenizer)} tokens, and the model knows {config.vocab_size}"
        raise ValueError(msg)
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        msg = f"{name}: its tokenizer has no words; its files are missing"
        raise ValueError(msg)
    return tokenizer


def weights_of(name: str, task: str, how: dict[str, Any]) -> tuple[nn.Module, nn.Module | None]:
    """Return the backbone in float32, and the last layer of a language model.

    ValueError in one line where the weights cannot be read, are of another model, or of one that the task is not for.
    """
    from transformers import AutoModel, AutoModelForCausalLM, logging  # noqa: PLC0415  # as above

    logging.set_verbosity_error()  # what is missing is said here
    logging.disable_progress_bar()
    check_kind(name, config_of(name), task)
    kind = AutoModelForCausalLM if task == "lm" else AutoModel
    model, report = _loaded(kind, name, "model", dtype=torch.float32, output_loading_info=True, **how)
    missing, tensors = report["missing_keys"], len(model.state_dict())
    if 2 * len(missing) > tensors:
        msg = f"{name}: its weights are of another model: {len(missing)} of {tensors} tensors are not in them"
        raise ValueError(msg)
    return (model.base_model, model.get_output_embeddings()) if task == "lm" else (model, None)


def check_kind(name: str, config: Any, task: str) -> None:
    """Raise ValueError where the task is not one for this kind of model.

    The head stands on the first token: that of a causal model sees no other, and an encoder sees its target.
    """
    from transformers.models.auto import modeling_auto  # noqa: PLC0415  # as above

    encoder = config.model_type in modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES and not config.is_encoder_decoder
    causal = config.model_type in modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and not encoder
    if not (causal if task == "lm" else encoder):
        kind = "a causal language model" if task == "lm" else "an encoder of text"
        msg = f"{name}: a checkpoint of the kind {config.model_type}; {task} needs {kind}"
        raise ValueError(msg)


def first_position(config: Any) -> int:
    """Return the number of a text's first position: RoBERTa's family counts from behind the padding's number."""
    counts = getattr(config, "model_type", "").startswith(("roberta", "xlm-roberta", "camembert"))
    return config.pad_token_id + 1 if counts else 0


def longest_text(config: Any) -> int:
    """Return how many tokens of a text the model has positions for."""
    positions: int = getattr(config, "max_position_embeddings", None) or 1 << 30
    return positions - first_position(config)


def _loaded(kind: Any, name: str, what: str, **how: Any) -> Any:
    """Return what transformers makes of a folder, of its cache, or of the hub, in this order."""
    how["trust_remote_code"] = False
    folder = Path(name)
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            msg = f"{name}: a folder without config.json is no checkpoint"
            raise ValueError(msg)
        return _in_a_line(name, what, lambda: kind.from_pretrained(name, **how))
    if folder.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1 or folder.exists():
        msg = f"{name}: no such folder; a checkpoint is a folder, or a name on the hub"
        raise ValueError(msg)
    try:
        return kind.from_pretrained(name, local_files_only=True, **how)
    except (OSError, ValueError):  # it is not in the cache, or not whole
        _ask_hub(name)
    except Exception as error:  # noqa: BLE001  # what a stranger's files make of a library is not foreseen
        raise _line(name, what, error) from None
    return _in_a_line(name, what, lambda: kind.from_pretrained(name, **how))


def _ask_hub(name: str) -> None:
    """Raise ValueError in one line where the hub does not answer, or has no such model."""
    from huggingface_hub import HfApi, constants  # noqa: PLC0415  # as above

    if constants.HF_HUB_OFFLINE:
        msg = f"{name}: no folder, and not in the hub's cache; HF_HUB_OFFLINE forbids to fetch it"
        raise ValueError(msg)
    _in_a_line(name, "model on the hub", lambda: HfApi().model_info(name, timeout=_SECONDS))


def _in_a_line(name: str, what: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except Exception as error:  # noqa: BLE001  # as above
        raise _line(name, what, error) from None


def _line(name: str, what: str, error: Exception) -> ValueError:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return ValueError(f"{name}: its {what} cannot be read: {lines[0]}")
