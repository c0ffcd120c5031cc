"""The bundled training module, a program of its own: `python -m diagnose.train spec.json ...`.

    Spec --data--> Examples --batches--> Batch --model--> loss --loop--> trainer_state.json, all_results.json, ...

It trains encoders (classification, several labels, regression, tagging, retrieval) and a small causal language model,
from a few numbers or from a user's files, and writes what the Hugging Face Trainer writes, so that everybody's tools
read it. It imports nothing from the rest of diagnose, which starts it as a process, and asks it only what has ended.

Notable:
- one frozen specification in JSON; the names of its `args` are those of transformers.TrainingArguments
- bitwise repeatable on a CPU; killed at any moment and started again, it ends with the same numbers
- bf16 on a GPU, fused AdamW, packed batches without padding (`packing="pack"`), torch.compile, no syncs in the loop
- out of memory: the micro-batch is halved, the effective batch stays
- faults are settings (a shuffled label, a dead head, a second softmax), so that a failure can be made on purpose
"""
