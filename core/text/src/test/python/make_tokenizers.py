"""Makes small tokenizers of the kinds that models have, and what transformers does with texts, for TokenizerFamiliesTest.

Run in core/text with transformers installed: python src/test/python/make_tokenizers.py
"""

import json
import pathlib

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

FOLDER = pathlib.Path("src/test/resources/tokenizers")
CORPUS = [
    "the river runs under the old bridge and the boat is tied to it",
    "In 2024 they counted 1234 boats; it's the 're and 'll that matter.",
    "def bridge(x):\n    return x + 1\n\n\tif x == 10: pass",
    "日本語のテキスト und Flüße, naïve café",
    "  two  spaces   three",
] * 4
SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
BYTES = [f"<0x{b:02X}>" for b in range(256)]
TEXTS = [
    "",
    " ",
    "the river",
    " the river",
    "  the  river  ",
    "the\n\n river\t\tend\n",
    "it's they're IT'S",
    "1 12 123 1234 12345",
    "naïve cafe\u0301 Å \u212b ﬁ ½",
    "日本語 and 🌊👩‍👩‍👧‍👦 𝒳",
    "\u0000\u200b\ufeff\ufffd",
    "<|im_end|>",
    "say <|im_end|> here",
    "say<|im_end|>here <|im_start|>user\nhi<|im_end|>\n",
    "<|im_en",
    "a <tool> b",
    "a<tool>b a  <tool>  b",
    "wordy word wordword word.",
    "</s> <s> <unk>",
    "▁the▁river ▁",
    "<0x41> <0xE2>",
    "x" * 40,
    "the bridge ".strip() * 5,
    "FLÜSSE Straße",
]
ADDED = [
    AddedToken("<|im_start|>", special=True, normalized=False),
    AddedToken("<|im_end|>", special=True, normalized=False),
    AddedToken("<tool>", special=False, lstrip=True, rstrip=True, normalized=False),
    AddedToken("word", special=False, single_word=True, normalized=True),
]


def trained(tokenizer, trainer):
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_tokens(ADDED[2:])
    tokenizer.add_special_tokens(ADDED[:2])
    return tokenizer


def sentencepiece(normalizer, pre_tokenizer, first_space):
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
        + ([decoders.Strip(" ", 1, 0)] if first_space else [])
    )
    trained(tokenizer, trainers.BpeTrainer(vocab_size=420, special_tokens=["<unk>", "<s>", "</s>"] + BYTES, show_progress=False))
    for token in BYTES:
        assert tokenizer.token_to_id(token) is not None
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))])
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = [token for token in content["added_tokens"] if token["content"] not in BYTES]
    return Tokenizer.from_str(json.dumps(content))


def byte_level(normalizer, pre_tokenizer, ignore_merges=False):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    return trained(
        tokenizer,
        trainers.BpeTrainer(
            vocab_size=420, special_tokens=["<s>", "</s>", "<unk>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
        ),
    )


def with_whole_word(tokenizer, word):
    """A vocabulary with a word that no merge makes, which ignore_merges finds all the same."""
    content = json.loads(tokenizer.to_str())
    content["model"]["vocab"][word] = 1 + max([*content["model"]["vocab"].values(), *(token["id"] for token in content["added_tokens"])])
    return Tokenizer.from_str(json.dumps(content))


def unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    return trained(
        tokenizer, trainers.UnigramTrainer(vocab_size=150, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>", show_progress=False)
    )


def split_bytes():
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(SPLIT), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


FAMILIES = {
    "metaspace-first": sentencepiece(None, pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False), True),
    "metaspace-never": sentencepiece(None, pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="never", split=False), False),
    "prepended": sentencepiece(normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), None, True),
    "replaced": sentencepiece(normalizers.Replace(" ", "▁"), pre_tokenizers.Split(" ", "merged_with_previous"), False),
    "byte-level-prefix-space": byte_level(None, pre_tokenizers.ByteLevel(add_prefix_space=True)),
    "byte-level-nfc": byte_level(normalizers.NFC(), split_bytes()),
    "byte-level-ignore-merges": with_whole_word(byte_level(None, split_bytes(), True), "Ġbridgehead"),
    "unigram-nfkc": unigram(),
}

golden = {}
for name, tokenizer in FAMILIES.items():
    path = FOLDER / f"{name}.json"
    content = json.loads(tokenizer.to_str())
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")
    fast = PreTrainedTokenizerFast(tokenizer_file=str(path), clean_up_tokenization_spaces=False)
    golden[name] = []
    for text in TEXTS + ["the bridgehead", "\u00e9" * 3 + "\u4e00\U0001f9a0"]:
        ids = fast.encode(text, add_special_tokens=False)
        golden[name].append(
            {
                "text": text,
                "ids": ids,
                "with_special": fast.encode(text),
                "decoded": fast.decode(ids),
                "without_special": fast.decode(ids, skip_special_tokens=True),
            }
        )
families = (
    json.dumps(name) + ": [\n" + ",\n".join(json.dumps(example) for example in examples) + "\n]" for name, examples in golden.items()
)
(FOLDER / "golden.json").write_text("{\n" + ",\n".join(families) + "\n}\n")
