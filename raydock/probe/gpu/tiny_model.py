"""A language model of two layers with random weights."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

HIDDEN, INTERMEDIATE, LAYERS, HEADS = 128, 256, 2, 2
VOCABULARY = 512
POSITIONS = 256
SENTENCES = ("The quick brown fox jumps over the lazy dog.", "Ray hands each task a GPU, and each GPU has its task.")
# Heads of 64, which every attention kernel supports.
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_act": "silu",
    "hidden_size": HIDDEN,
    "intermediate_size": INTERMEDIATE,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": HEADS,
    "max_position_embeddings": POSITIONS,
    "rms_norm_eps": 1e-5,
    "vocab_size": VOCABULARY,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "tie_word_embeddings": False,
    "torch_dtype": "float16",
}


def make(folder: Path) -> None:
    """Write configuration, tokenizer and weights to a folder.

    It uses the image's `tokenizers` and `torch`, and downloads nothing.
    """
    _tokenizer(folder)
    torch: Any = import_module("torch")
    generator = torch.Generator().manual_seed(0)
    tensors: Dict[str, Any] = {}
    for name, shape in shapes():
        values = torch.randn(shape, generator=generator) * 0.02 if len(shape) > 1 else torch.ones(shape)
        tensors[name] = values.to(torch.float16)
    import_module("safetensors.torch").save_file(tensors, str(folder / "model.safetensors"), {"format": "pt"})
    (folder / "config.json").write_text(json.dumps(CONFIG))


def shapes() -> Iterator[Tuple[str, Tuple[int, ...]]]:
    """The name and shape of each weight, as in LlamaForCausalLM of transformers."""
    yield "model.embed_tokens.weight", (VOCABULARY, HIDDEN)
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}"
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            yield f"{prefix}.self_attn.{name}.weight", (HIDDEN, HIDDEN)
        for name in ("gate_proj", "up_proj"):
            yield f"{prefix}.mlp.{name}.weight", (INTERMEDIATE, HIDDEN)
        yield f"{prefix}.mlp.down_proj.weight", (HIDDEN, INTERMEDIATE)
        yield f"{prefix}.input_layernorm.weight", (HIDDEN,)
        yield f"{prefix}.post_attention_layernorm.weight", (HIDDEN,)
    yield "model.norm.weight", (HIDDEN,)
    yield "lm_head.weight", (VOCABULARY, HIDDEN)


def _tokenizer(folder: Path) -> None:
    tokenizers: Any = import_module("tokenizers")
    byte_level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = byte_level, tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=byte_level.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
