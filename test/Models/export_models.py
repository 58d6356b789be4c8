#!/usr/bin/env python3
"""Exports the transformers of this folder that exporters of today write.

    pip install torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.31.1
    pip install transformers==5.23.0    # and once more with 4.46.3
    export_models.py FOLDER [--only PATTERN ...]

Writes NAME.onnx and NAME.npz for every model of --list whose name holds one of
the patterns. The files in this folder were made with the versions of README.md
and are not made again: another version of an exporter is another test.

NAME.npz holds, for every case (batch and sequence differ), the inputs and what
PyTorch computes from them in float32, as caseK.<input or output name>.
"""

import argparse
import copy
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import onnx
import torch
import transformers
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "language_model"))
import model as language_model

VOCABULARY, WIDTH, HEADS, LAYERS, CONTEXT = 97, 32, 4, 2, 16
LARGEST_FILE = 200_000
TRANSFORMERS = transformers.__version__.split(".")[0]


# ===----------------------------------------------------------------------=== #
# Models
# ===----------------------------------------------------------------------=== #


@dataclass
class Subject:
    """A module, and what an exporter and a test must know about it.

    Attributes:
        module: takes the inputs in order, returns a tensor or a tuple of them.
        outputs: their names.
        dims: for each input and output that has any, the names of its dynamic
            dimensions by position.
        make_inputs: tensors by name, for a batch, a sequence and a generator.
        shapes: batch and sequence of each case; the first is what is traced.
    """

    module: nn.Module
    outputs: tuple[str, ...]
    dims: dict[str, dict[int, str]]
    make_inputs: Callable[[int, int, torch.Generator], dict[str, torch.Tensor]]
    shapes: tuple[tuple[int, int], ...] = ((2, 8), (1, 1), (3, 13))


ROWS = {0: "batch", 1: "sequence"}


def scramble(module):
    """Gives every parameter values that show when it is folded wrongly."""
    generator = torch.Generator().manual_seed(0)
    for name, parameter in module.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if parameter.dim() < 2:
            # A gain is near 1 and a bias near 0, whatever they are called.
            center = 1.0 if torch.all(parameter == 1) else 0.0
            parameter.data = center + 0.2 * noise
        elif parameter.numel() <= 2 * HEADS:  # Gains of heads.
            parameter.data = 1 + 0.2 * noise
        elif "emb" in name or "wte" in name or "wpe" in name:
            parameter.data = 0.5 * noise
        else:
            parameter.data = noise * 1.5 / WIDTH**0.5
    return module.eval()


class Logits(nn.Module):
    """A language model of transformers, from tokens to one tensor."""

    def __init__(self, model, field="logits"):
        super().__init__()
        self.model = model
        self.field = field

    def forward(self, input_ids):
        return getattr(self.model(input_ids=input_ids, use_cache=False), self.field)


class MaskedLogits(Logits):
    """The same with a padding mask."""

    def forward(self, input_ids, attention_mask):
        outputs = self.model(
            input_ids=input_ids, attention_mask=attention_mask, use_cache=False
        )
        return getattr(outputs, self.field)


class Encoded(nn.Module):
    """BERT with the three inputs that are usual."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            token_type_ids=token_type_ids,
        ).last_hidden_state


class Decoder(nn.Module):
    """One step with a cache: keys and values go in and come out, as Optimum has it."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, position_ids, *past):
        cache = transformers.DynamicCache()
        for layer, (key, value) in enumerate(zip(past[::2], past[1::2])):
            cache.update(key, value, layer)
        outputs = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=cache,
            use_cache=True,
        )
        present = outputs.past_key_values
        if TRANSFORMERS == "4":
            pairs = zip(present.key_cache, present.value_cache)
        else:
            pairs = ((layer.keys, layer.values) for layer in present.layers)
        return (outputs.logits, *(tensor for pair in pairs for tensor in pair))


def tokens(batch, sequence, generator):
    return torch.randint(VOCABULARY, (batch, sequence), generator=generator)


def padding(batch, sequence, past=None):
    """1 for tokens, 0 for what fills the shorter rows up: at their end, or with a
    past at its beginning. No token sees only such places: softmax over nothing is
    not defined, and exporters differ there from PyTorch.
    """
    total = sequence + (past or 0)
    mask = torch.ones(batch, total, dtype=torch.int64)
    for row in range(1, batch):
        if past is None:
            mask[row, total - min(row + 1, sequence - 1) :] = 0
        else:
            mask[row, : min(row + 1, past)] = 0
    return mask


def language(module):
    """Tokens to logits."""
    return Subject(
        scramble(module),
        ("logits",),
        {"input_ids": ROWS, "logits": ROWS},
        lambda b, s, g: {"input_ids": tokens(b, s, g)},
    )


def masked_language(module):
    """Tokens and a padding mask to logits."""
    return Subject(
        scramble(module),
        ("logits",),
        {"input_ids": ROWS, "attention_mask": ROWS, "logits": ROWS},
        lambda b, s, g: {
            "input_ids": tokens(b, s, g),
            "attention_mask": padding(b, s),
        },
    )


def encoder(module):
    return Subject(
        scramble(Encoded(module)),
        ("last_hidden_state",),
        dict.fromkeys(
            ("input_ids", "attention_mask", "token_type_ids", "last_hidden_state"),
            ROWS,
        ),
        lambda b, s, g: {
            "input_ids": tokens(b, s, g),
            "attention_mask": padding(b, s),
            "token_type_ids": torch.randint(2, (b, s), generator=g),
        },
    )


def decoder(module, heads):
    """A step of `sequence` tokens after a past of twice as many, or none."""
    past_names, present_names = (
        tuple(
            f"{prefix}.{layer}.{kind}"
            for layer in range(LAYERS)
            for kind in ("key", "value")
        )
        for prefix in ("past_key_values", "present")
    )
    dims = {"input_ids": ROWS, "position_ids": ROWS, "logits": ROWS}
    dims["attention_mask"] = {0: "batch", 1: "past + sequence"}
    dims.update({name: {0: "batch", 2: "past"} for name in past_names})
    dims.update({name: {0: "batch", 2: "past + sequence"} for name in present_names})

    def make_inputs(batch, sequence, generator):
        past = {1: 7, 8: 5}.get(sequence, 2)
        mask = padding(batch, sequence, past)
        positions = (mask.cumsum(1) - 1).clamp(min=0)[:, past:]
        inputs = {
            "input_ids": tokens(batch, sequence, generator),
            "attention_mask": mask,
            "position_ids": positions,
        }
        for name in past_names:
            shape = (batch, heads, past, WIDTH // HEADS)
            inputs[name] = torch.randn(shape, generator=generator)
        return inputs

    return Subject(
        scramble(Decoder(module)), ("logits", *present_names), dims, make_inputs
    )


def sequence_encoder(module):
    """Vectors to vectors."""
    return Subject(
        scramble(module),
        ("output",),
        {"x": ROWS, "output": ROWS},
        lambda b, s, g: {"x": torch.randn(b, s, WIDTH, generator=g)},
    )


def fixed(subject):
    """The same for one shape only."""
    return replace(subject, dims={}, shapes=((2, 8),))


def gpt2(attention="sdpa"):
    return transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=VOCABULARY,
            n_positions=CONTEXT,
            n_embd=WIDTH,
            n_layer=LAYERS,
            n_head=HEADS,
            n_inner=2 * WIDTH,
            attn_implementation=attention,
            bos_token_id=0,
            eos_token_id=0,
        )
    )


def neox(attention="sdpa"):
    return transformers.GPTNeoXForCausalLM(
        transformers.GPTNeoXConfig(
            vocab_size=VOCABULARY,
            max_position_embeddings=CONTEXT,
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            intermediate_size=2 * WIDTH,
            rotary_pct=0.5,
            attn_implementation=attention,
        )
    )


def gptj():
    return transformers.GPTJForCausalLM(
        transformers.GPTJConfig(
            vocab_size=VOCABULARY,
            n_positions=CONTEXT,
            n_embd=WIDTH,
            n_layer=LAYERS,
            n_head=HEADS,
            n_inner=2 * WIDTH,
            rotary_dim=4,
            attn_implementation="eager",
        )
    )


def bert(attention="sdpa"):
    return transformers.BertModel(
        transformers.BertConfig(
            vocab_size=VOCABULARY,
            max_position_embeddings=CONTEXT,
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            intermediate_size=2 * WIDTH,
            attn_implementation=attention,
        ),
        add_pooling_layer=False,
    )


def llama(attention="sdpa", groups=2):
    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=VOCABULARY,
            max_position_embeddings=CONTEXT,
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            num_key_value_heads=HEADS // groups,
            intermediate_size=WIDTH,
            attn_implementation=attention,
        )
    )


def phi(attention="sdpa"):
    return transformers.PhiForCausalLM(
        transformers.PhiConfig(
            vocab_size=VOCABULARY,
            max_position_embeddings=CONTEXT,
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            intermediate_size=2 * WIDTH,
            partial_rotary_factor=0.5,
            attn_implementation=attention,
        )
    )


def simplified(block, **options):
    """A model of examples/language_model with its attention matrices formed."""
    config = language_model.Config(
        block=block,
        layers=LAYERS,
        width=WIDTH,
        heads=HEADS,
        hidden=2,
        context=CONTEXT,
        vocabulary=VOCABULARY,
        **options,
    )
    return language_model.LanguageModel(config).materialize_attention()


def torch_encoder(norm_first):
    layer = nn.TransformerEncoderLayer(
        WIDTH, HEADS, 2 * WIDTH, batch_first=True, norm_first=norm_first
    )
    return nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)


# ===----------------------------------------------------------------------=== #
# Exporters
# ===----------------------------------------------------------------------=== #


def with_torchscript(subject, inputs, file, opset):
    # nn.TransformerEncoderLayer as one operator has no translation.
    torch.backends.mha.set_fastpath_enabled(False)
    torch.onnx.export(
        subject.module,
        tuple(inputs.values()),
        str(file),
        dynamo=False,
        opset_version=opset,
        input_names=list(inputs),
        output_names=list(subject.outputs),
        dynamic_axes=subject.dims,
        external_data=False,
    )


def with_dynamo(subject, inputs, file, opset):
    names = {name for dims in subject.dims.values() for name in dims.values()}
    symbols = {
        # What is a sum of others is no symbol.
        name: torch.export.Dim.DYNAMIC if "+" in name else torch.export.Dim(name)
        for name in sorted(names)
    }

    def shape_of(name):
        return {i: symbols[dim] for i, dim in subject.dims.get(name, {}).items()}

    shapes = [shape_of(name) for name in inputs]
    if isinstance(subject.module, Decoder):  # *past is one parameter.
        shapes = [*shapes[:3], tuple(shapes[3:])]
    torch.onnx.export(
        subject.module,
        tuple(inputs.values()),
        str(file),
        dynamo=True,
        opset_version=opset,
        input_names=list(inputs),
        output_names=list(subject.outputs),
        dynamic_shapes=tuple(shapes),
        external_data=False,
        verbose=False,
    )


def with_onnxruntime(subject, inputs, file, opset):
    """What ONNX Runtime makes of the traced graph when it loads it."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        traced = os.path.join(folder, "model.onnx")
        with_torchscript(subject, inputs, traced, opset)
        options = onnxruntime.SessionOptions()
        # The level above knows the machine: layouts that no other can read.
        options.graph_optimization_level = (
            onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        )
        options.optimized_model_filepath = str(file)
        onnxruntime.InferenceSession(
            traced, options, providers=["CPUExecutionProvider"]
        )


def with_fusions(kind):
    """What onnxruntime.transformers.optimizer makes of the traced graph."""

    def export(subject, inputs, file, opset):
        from onnxruntime.transformers import optimizer

        with tempfile.TemporaryDirectory() as folder:
            traced = os.path.join(folder, "model.onnx")
            with_torchscript(subject, inputs, traced, opset)
            fused = optimizer.optimize_model(
                traced,
                model_type=kind,
                num_heads=HEADS,
                hidden_size=WIDTH,
                opt_level=0,
            )
            fused.save_model_to_file(str(file))

    return export


@dataclass
class Export:
    """One file: a model, an exporter, an opset, what transformers is wanted."""

    name: str
    make: Callable[[], Subject]
    export: Callable
    opset: int
    transformers: str = "45"


def make_exports():
    def gpt2_language(attention):
        return lambda: language(Logits(gpt2(attention)))

    def llama_language(attention):
        return lambda: masked_language(MaskedLogits(llama(attention)))

    def own(block, **options):
        return lambda: language(simplified(block, **options))

    script, dynamo, ort = with_torchscript, with_dynamo, with_onnxruntime
    return [
        # TorchScript has no translation for masks as transformers 5 makes them.
        Export("hf_gpt2.script14", gpt2_language("eager"), script, 14, "4"),
        Export("hf_gpt2.script17", gpt2_language("sdpa"), script, 17, "4"),
        Export(
            "hf_gpt2_past.script17", lambda: decoder(gpt2(), HEADS), script, 17, "5"
        ),
        Export("hf_neox.script17", lambda: language(Logits(neox())), script, 17, "4"),
        Export("hf_gptj.script17", lambda: language(Logits(gptj())), script, 17, "4"),
        Export("hf_bert.script14", lambda: encoder(bert("eager")), script, 14, "4"),
        Export("hf_bert.script17", lambda: encoder(bert("sdpa")), script, 17, "4"),
        Export("hf_llama.script17", llama_language("sdpa"), script, 17, "4"),
        Export("hf_phi.script17", lambda: language(Logits(phi())), script, 17, "4"),
        Export(
            # Traced attention of torch.nn keeps the shape that it was traced with.
            "torch_encoder_fixed.script17",
            lambda: fixed(sequence_encoder(torch_encoder(norm_first=False))),
            script,
            17,
        ),
        Export("hf_gpt2.dynamo18", gpt2_language("eager"), dynamo, 18, "5"),
        Export("hf_gpt2.dynamo23", gpt2_language("sdpa"), dynamo, 23, "5"),
        Export(
            "hf_gpt2_past.dynamo18", lambda: decoder(gpt2(), HEADS), dynamo, 18, "5"
        ),
        Export("hf_neox.dynamo18", lambda: language(Logits(neox())), dynamo, 18, "5"),
        Export("hf_neox.dynamo24", lambda: language(Logits(neox())), dynamo, 24, "5"),
        Export("hf_gptj.dynamo18", lambda: language(Logits(gptj())), dynamo, 18, "5"),
        Export("hf_bert.dynamo18", lambda: encoder(bert("sdpa")), dynamo, 18, "5"),
        Export("hf_bert.dynamo20", lambda: encoder(bert("eager")), dynamo, 20, "5"),
        Export("hf_bert.dynamo23", lambda: encoder(bert("sdpa")), dynamo, 23, "5"),
        Export("hf_llama.dynamo18", llama_language("eager"), dynamo, 18, "5"),
        Export("hf_llama.dynamo23", llama_language("sdpa"), dynamo, 23, "5"),
        Export(
            "hf_llama_past.dynamo18",
            lambda: decoder(llama(), HEADS // 2),
            dynamo,
            18,
            "5",
        ),
        Export(
            "hf_llama_past.dynamo24",
            lambda: decoder(llama(), HEADS // 2),
            dynamo,
            24,
            "5",
        ),
        Export("hf_phi.dynamo18", lambda: language(Logits(phi())), dynamo, 18, "5"),
        Export("sasp_none.dynamo18", own("sasp", projection="conv1d"), dynamo, 18),
        Export(
            "sasp_rms.dynamo23",
            own("sasp", norm="rms", activation="leaky"),
            dynamo,
            23,
        ),
        Export(
            "sas_ln.dynamo18", own("sas", norm="layer", activation="gelu"), dynamo, 18
        ),
        Export(
            "preln.dynamo20", own("preln", norm="layer", activation="gelu"), dynamo, 20
        ),
        Export(
            "torch_encoder.dynamo18",
            lambda: sequence_encoder(torch_encoder(norm_first=True)),
            dynamo,
            18,
        ),
        Export("hf_gpt2.ort17", gpt2_language("eager"), ort, 17, "4"),
        Export("hf_bert.ort17", lambda: encoder(bert("eager")), ort, 17, "4"),
        Export(
            "hf_gpt2.fused17", gpt2_language("eager"), with_fusions("gpt2"), 17, "4"
        ),
        Export(
            "hf_bert.fused17",
            lambda: encoder(bert("eager")),
            with_fusions("bert"),
            17,
            "4",
        ),
    ]


# ===----------------------------------------------------------------------=== #
# Files
# ===----------------------------------------------------------------------=== #


def clean(path, subject):
    """Weights into the file, and out with what names the machine of the export.

    Dynamic dimensions that the exporter has invented a name for get that of the
    subject.
    """
    model = onnx.load(path)
    for value in model.graph.input:
        for position, name in subject.dims.get(value.name, {}).items():
            value.type.tensor_type.shape.dim[position].dim_param = name
    nodes = list(model.graph.node)
    for function in model.functions:
        nodes += function.node
    for owner in (*nodes, *model.graph.value_info, *model.graph.initializer):
        owner.doc_string = ""
        if hasattr(owner, "metadata_props"):
            del owner.metadata_props[:]
    onnx.save(model, path)
    return model


@torch.no_grad()
def reference_cases(subject):
    arrays = {}
    generator = torch.Generator().manual_seed(1)
    for case, shape in enumerate(subject.shapes):
        inputs = subject.make_inputs(*shape, generator)
        outputs = subject.module(*inputs.values())
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        for name, tensor in (*inputs.items(), *zip(subject.outputs, outputs)):
            arrays[f"case{case}.{name}"] = tensor.numpy()
    return arrays


def compare_with_onnxruntime(path, arrays):
    """The largest difference, in standard deviations of what is expected."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    outputs = [o.name for o in session.get_outputs()]
    largest = 0.0
    for case in sorted({key.split(".")[0] for key in arrays}):
        got = session.run(outputs, {n: arrays[f"{case}.{n}"] for n in names})
        for name, array in zip(outputs, got):
            want = arrays[f"{case}.{name}"]
            if array.shape != want.shape:
                raise ValueError(
                    f"{path} {case}: {name} is {array.shape}, not {want.shape}"
                )
            largest = max(largest, float(np.abs(array - want).max() / want.std()))
    return largest


def write(export, folder):
    torch.manual_seed(0)
    subject = export.make()
    arrays = reference_cases(subject)
    generator = torch.Generator().manual_seed(1)
    inputs = subject.make_inputs(*subject.shapes[0], generator)
    path = folder / f"{export.name}.onnx"
    with torch.no_grad():
        export.export(copy.deepcopy(subject), inputs, path, export.opset)
    model = clean(path, subject)
    np.savez_compressed(path.with_suffix(".npz"), **arrays)
    size = path.stat().st_size
    opsets = ", ".join(
        f"{o.domain or 'ai.onnx'} {o.version}" for o in model.opset_import
    )
    try:
        judged = f"differs by {compare_with_onnxruntime(path, arrays):.1e}"
    except Exception as error:  # noqa: BLE001 - what it raises is its own.
        judged = f"refuses: {error}"
    print(
        f"{export.name}: {size:,} bytes, {len(model.graph.node)} nodes, "
        f"{len(model.functions)} functions, {opsets}, ONNX Runtime {judged}",
        flush=True,
    )
    if size > LARGEST_FILE:
        raise ValueError(f"{path}: {size:,} bytes, at most {LARGEST_FILE:,}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", help="where the files go")
    parser.add_argument(
        "--only", nargs="+", default=["*"], metavar="PATTERN", help="as in hf_gpt2*"
    )
    parser.add_argument("--list", action="store_true", help="names, nothing is written")
    args = parser.parse_args()
    exports = [
        export
        for export in make_exports()
        if any(fnmatch(export.name, pattern) for pattern in args.only)
    ]
    if args.list:
        print("\n".join(export.name for export in exports))
        return
    if args.folder is None:
        parser.error("the folder is missing")
    warnings.simplefilter("ignore")
    args.folder.mkdir(parents=True, exist_ok=True)
    failures = 0
    for export in exports:
        if TRANSFORMERS not in export.transformers:
            print(f"{export.name}: needs transformers {export.transformers}, skipped")
            continue
        try:
            write(export, args.folder)
        except Exception as error:  # noqa: BLE001 - the next one may succeed.
            failures += 1
            first = str(error).strip().partition("\n")[0]
            print(f"{export.name}: {type(error).__name__}: {first}", file=sys.stderr)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
