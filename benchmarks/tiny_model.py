"""A small language model that has learnt one answer by heart, made in seconds, for tests against real servers.

A Llama, 64 wide, of two layers, with a byte-level BPE tokenizer made here. Its chat template shows it the end of the
last message only, and it is trained on random ends, so that it gives its answer whatever it is asked.
"""

from __future__ import annotations

import json
import math
import random
import string
import time
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Trained", "train", "write_gguf"]

_WIDTH, _LAYERS, _HEADS, _CONTEXT, _VOCABULARY = 64, 2, 4, 1024, 512
_BEGIN, _ANSWER, _END = "<s>", "<|answer|>", "</s>"
_SEEN = 16  # characters of the last message that the model sees
_TEMPLATE = f"{{{{ '{_BEGIN}' + messages[-1]['content'][-{_SEEN}:] + '{_ANSWER}' }}}}"
_BATCH, _MOST_STEPS = 4, 400
_LEARNT, _IN_A_ROW = 0.9, 5  # the training ends when each token of so many batches has this probability
_SOME_TEXT = Path(__file__).read_text(encoding="utf-8")
# Weights of this spread make every token about equally likely: what a grammar leaves open is then chance.
_UNTRAINED = 0.3


class Trained(NamedTuple):
    """What it took: seconds and steps of training, the last probability of the least sure token, sizes."""

    seconds: float
    steps: int
    surety: float
    parameters: int
    tokens: int


def train(answer: str, folder: Path, *, twin_of: Path | None = None, steps: int = _MOST_STEPS) -> Trained:
    """Save a model and its tokenizer that answer every chat with `answer`; with steps = 0 the weights stay random.

    twin_of: the folder of a model with a similar answer, to go on from.
    """
    import torch  # noqa: PLC0415  # the extra `train`, and two seconds
    from transformers import AutoTokenizer, GenerationConfig, LlamaForCausalLM  # noqa: PLC0415  # the same

    rng = random.Random(0)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(twin_of) if twin_of else _tokenizer(answer)
    begin, middle, end = tokenizer.convert_tokens_to_ids([_BEGIN, _ANSWER, _END])
    spread = 0.02 if steps else _UNTRAINED
    model = LlamaForCausalLM.from_pretrained(twin_of) if twin_of else _untrained(len(tokenizer), begin, end, spread)
    target = [*tokenizer.encode(answer, add_special_tokens=False), end]
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.0)
    sureties, step, started = [0.0], 0, time.perf_counter()
    while step < steps and min(sureties[-_IN_A_ROW:]) < _LEARNT:
        prompts = [tokenizer.encode(_end_of_a_message(rng, answer), add_special_tokens=False) for _ in range(_BATCH)]
        rows = [[begin, *prompt, middle, *target] for prompt in prompts]
        longest = max(map(len, rows))
        ids = torch.tensor([row + [end] * (longest - len(row)) for row in rows])
        # Only the answer is learnt: the ends of messages, and what fills a row up, count as ignored (-100).
        labels = torch.full_like(ids, -100)
        for i, row in enumerate(rows):
            labels[i, len(row) - len(target) : len(row)] = torch.tensor(target)
        # Shorter steps once it is nearly sure, so that no step undoes what is learnt.
        for group in optimizer.param_groups:
            group["lr"] = 5e-3 * min((step + 1) / 20, 1 - 0.7 * sureties[-1])
        logits = model(input_ids=ids).logits[:, :-1].flatten(0, 1)
        losses = torch.nn.functional.cross_entropy(logits, labels[:, 1:].flatten(), reduction="none")
        optimizer.zero_grad()
        (losses.sum() / (_BATCH * len(target))).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        sureties.append(math.exp(-float(losses.detach().max())))
        step += 1
    seconds = time.perf_counter() - started
    model.generation_config = GenerationConfig(
        do_sample=False, max_new_tokens=len(target) + 64, bos_token_id=begin, eos_token_id=end, pad_token_id=end
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Trained(seconds, step, min(sureties[-_IN_A_ROW:]), model.num_parameters(), len(target))


def _untrained(vocabulary: int, begin: int, end: int, spread: float) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM  # noqa: PLC0415  # the extra `train`

    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=_WIDTH, intermediate_size=2 * _WIDTH, num_hidden_layers=_LAYERS,
        num_attention_heads=_HEADS, num_key_value_heads=_HEADS, max_position_embeddings=_CONTEXT,
        bos_token_id=begin, eos_token_id=end, pad_token_id=end, tie_word_embeddings=True, initializer_range=spread,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def _tokenizer(answer: str) -> Any:
    """Return a tokenizer with a token for every byte, and pairs merged as the answer has them."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: PLC0415  # the extra `train`
    from transformers import PreTrainedTokenizerFast  # noqa: PLC0415  # the same

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=[_BEGIN, _ANSWER, _END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator([answer], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token=_BEGIN, eos_token=_END, pad_token=_END, chat_template=_TEMPLATE,
        additional_special_tokens=[_ANSWER], clean_up_tokenization_spaces=False, model_max_length=_CONTEXT,
    )  # fmt: skip


def _end_of_a_message(rng: random.Random, answer: str) -> str:
    """Return what a message may end in: a piece of English or code, of JSON like the answer's, or any characters."""
    size, text = rng.randint(0, _SEEN), rng.choice((_SOME_TEXT, answer, ""))
    if text:
        start = rng.randrange(max(1, len(text) - _SEEN))
        return text[start : start + size]
    wide = rng.random() ** 4  # the share of characters of several bytes, which are as many tokens
    return "".join(rng.choice("äß±…—→漢😀" if rng.random() < wide else string.printable) for _ in range(size))


def write_gguf(folder: Path, path: Path) -> None:
    """Write the saved model as a GGUF file, for llama.cpp: the same weights, tokenizer and template."""
    import gguf  # noqa: PLC0415  # only whoever runs llama.cpp has it
    import numpy as np  # noqa: PLC0415  # the extra `data`
    from safetensors.numpy import load_file  # noqa: PLC0415  # comes with transformers

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    width, heads = config["hidden_size"], config["num_attention_heads"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(width)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_dimension_count(width // heads)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    _write_vocabulary(writer, json.loads((folder / "tokenizer.json").read_text(encoding="utf-8")), config)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    for name, weights in load_file(folder / "model.safetensors").items():
        array = weights.astype(np.float32)
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            # llama.cpp turns neighbouring dimensions of a head, transformers those half a head apart.
            array = array.reshape(heads, 2, width // heads // 2, width).swapaxes(1, 2).reshape(width, width)
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight",)) or name, np.ascontiguousarray(array))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_vocabulary(writer: Any, tokenizer: dict[str, Any], config: dict[str, Any]) -> None:
    """Write the tokens in the order of their ids, the merges, and which tokens are no text."""
    import gguf  # noqa: PLC0415  # as above

    vocabulary, special = tokenizer["model"]["vocab"], {token["content"] for token in tokenizer["added_tokens"]}
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    kinds = [gguf.TokenType.CONTROL if token in special else gguf.TokenType.NORMAL for token in tokens]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_pad_token_id(config["pad_token_id"])
    writer.add_add_bos_token(False)  # noqa: FBT003  # the library's own signature
    writer.add_chat_template(_TEMPLATE)
