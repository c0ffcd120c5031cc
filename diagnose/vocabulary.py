"""The names of metrics: what people write, and the one canonical name for it.

A canonical metric name is `[average_]base`, such as "accuracy", "macro_f1", "loss"; the split ("eval", "test",
"train") and the rest of the written name are told apart from it. Names that are not known keep their own words.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = [
    "METRICS",
    "Metric",
    "Name",
    "Place",
    "metric_of",
    "parse_name",
    "parse_place",
    "setting_of",
    "split_of",
    "written_names",
]


class Metric(NamedTuple):
    """What is known of a metric.

    higher_is_better: None where neither is; low, high: the range of its values (None: open);
    kind: "score" (a share of rows or like it), "correlation", "loss", "error", "count", "time", "rate", "spread" (of
    the labels), "axis" or "setting".
    """

    base: str
    kind: str
    higher_is_better: bool | None = None
    low: float | None = None
    high: float | None = None


def _metrics(
    kind: str, names: str, *, better: bool | None = None, low: float | None = None, high: float | None = None
) -> dict[str, Metric]:
    return {base: Metric(base, kind, better, low, high) for base in names.split()}


METRICS: dict[str, Metric] = {
    **_metrics(
        "score",
        "accuracy balanced_accuracy precision recall f1 auc auprc average_precision jaccard specificity npv exact_match"
        " hit_rate mrr ndcg map map50 map75 rouge1 rouge2 rougeL rougeLsum bleu token_accuracy token_precision"
        " token_recall token_f1 subset_accuracy top5_accuracy dice iou meteor chrf bertscore acc_norm uas las mc1 mc2",
        better=True,
        low=0,
        high=1,
    ),
    **_metrics("correlation", "pearson spearman kendall mcc kappa", better=True, low=-1, high=1),
    **_metrics("correlation", "r2 explained_variance", better=True, high=1),
    **_metrics("score", "fpr fnr hamming_loss eer", better=False, low=0, high=1),
    **_metrics(
        "error",
        "mse rmse mae mape smape msle wer cer ter mer uer der brier ece max_error median_ae",
        better=False,
        low=0,
    ),
    **_metrics("loss", "loss log_loss nll", better=False),
    **_metrics("loss", "perplexity bits_per_byte", better=False, low=0),
    **_metrics("count", "support predicted samples tp fp fn tn correct batches gen_len", low=0),
    **_metrics("time", "runtime compilation_time preparation_time", low=0),
    **_metrics("rate", "samples_per_second steps_per_second tokens_per_second", low=0),
    **_metrics("spread", "label_variance label_std", low=0),
    **_metrics("axis", "step epoch iteration", low=0),
    **_metrics("setting", "learning_rate grad_norm total_flos num_tokens momentum weight_decay best_epoch threshold"),
    **_metrics("setting", "gradient_reach dead_units update_ratio", low=0),  # samples of the training callbacks
    **_metrics("error", "stderr", low=0),
}


def _aliases(table: dict[str, str]) -> dict[str, str]:
    return {alias: base for base, names in table.items() for alias in names.split()}


# Written names, normalised to words joined by "_", that mean a canonical base.
_ALIASES = _aliases(
    {
        "accuracy": "acc accuracy_score categorical_accuracy binary_accuracy sparse_categorical_accuracy acc_top1 top1"
        " prec_1 top_1_accuracy top1_accuracy top1_acc acc_1 multiclass_accuracy cls_accuracy classification_accuracy"
        " accuracy_top1 metrics_accuracy_top1 cat_acc multiple_choice_grade",
        "precision": "prec p precision_score positive_predictive_value ppv ents_p",
        "recall": "r rec recall_score sensitivity tpr true_positive_rate hit_rate_recall ents_r",
        "f1": "f f1_score f_score fscore f1score f_measure fmeasure f_1 f1_measure f1measure fbeta f_beta f1_value"
        " ents_f ner_f fbeta_score",
        "auc": "roc_auc auroc roc_auc_score auc_roc rocauc area_under_roc auc_score area_under_curve",
        "auprc": "pr_auc aupr auc_pr prc_auc prauc aucpr auc_prc",
        "average_precision": "ap average_precision_score avg_precision",
        "balanced_accuracy": "balanced_accuracy_score balanced_acc bal_acc uar bacc",
        "specificity": "specificity_score tnr true_negative_rate",
        "npv": "negative_predictive_value",
        "fpr": "false_positive_rate",
        "fnr": "false_negative_rate",
        "iou": "iou_score mean_iou miou",
        "jaccard": "jaccard_score jaccard_index",
        "dice": "dice_score dice_coef dice_coefficient",
        "exact_match": "em exact exact_matches exact_match_score exact_str_match",
        "subset_accuracy": "subset_acc exact_match_ratio",
        "token_accuracy": "token_acc token_level_accuracy word_accuracy mean_token_accuracy per_token_accuracy",
        "token_precision": "token_p",
        "token_recall": "token_r",
        "token_f1": "token_f",
        "top5_accuracy": "top5 acc_top5 top_5_accuracy prec_5 top5_acc acc_5 accuracy_top5 metrics_accuracy_top5",
        "acc_norm": "accuracy_norm",
        "uas": "dep_uas",
        "las": "dep_las",
        "mcc": "matthews_correlation matthews_corrcoef matthew matthews mcc_score matthews_correlation_coefficient"
        " matthew_correlation matthews_corr matthews_cc phi_coefficient",
        "kappa": "cohen_kappa cohens_kappa cohen_kappa_score quadratic_weighted_kappa qwk quadratic_kappa"
        " weighted_kappa kappa_score",
        "pearson": "pearsonr pearson_corr pearson_correlation pcc pearson_r cosine_pearson pearson_cosine plcc",
        "spearman": "spearmanr spearman_corr spearman_correlation spearman_rho cosine_spearman spearman_cosine srcc"
        " srocc spearman_r",
        "kendall": "kendalltau kendall_tau krocc",
        "r2": "r2_score r_squared r_2 r_square r2score rsquared coefficient_of_determination",
        "explained_variance": "explained_variance_score",
        "mse": "mean_squared_error mean_square_error mse_loss",
        "rmse": "root_mean_squared_error root_mean_square_error rmse_loss",
        "mae": "mean_absolute_error mae_loss",
        "mape": "mean_absolute_percentage_error",
        "smape": "symmetric_mean_absolute_percentage_error",
        "msle": "mean_squared_log_error mean_squared_logarithmic_error",
        "median_ae": "median_absolute_error",
        "label_variance": "label_var labels_variance labels_var variance_of_labels variance_of_the_labels var_y y_var"
        " y_variance variance_of_y var_labels",
        "label_std": "labels_std std_of_labels std_of_the_labels y_std std_y std_labels label_stdev",
        "wer": "word_error_rate word_error",
        "cer": "character_error_rate char_error_rate",
        "mer": "match_error_rate",
        "ter": "translation_edit_rate translation_error_rate",
        "uer": "unit_error_rate",
        "brier": "brier_score brier_score_loss",
        "ece": "expected_calibration_error",
        "hamming_loss": "hamming",
        "eer": "equal_error_rate",
        "log_loss": "logloss binary_logloss multi_logloss mlogloss",
        "nll": "nll_loss negative_log_likelihood",
        "loss": "cross_entropy ce_loss crossentropy cross_entropy_loss ce total_loss bce_loss bce xent",
        "perplexity": "ppl perp",
        "bits_per_byte": "bpb",
        "rouge1": "rouge_1 rouge1_fmeasure rouge1_f1",
        "rouge2": "rouge_2 rouge2_fmeasure rouge2_f1",
        "rougeL": "rouge_l rougel rougel_fmeasure rougel_f1",
        "rougeLsum": "rouge_lsum rougelsum rougelsum_fmeasure",
        "bleu": "bleu_score sacrebleu sacre_bleu bleu4 bleu_4 corpus_bleu",
        "chrf": "chrf_score",
        "meteor": "meteor_score",
        "bertscore": "bert_score bertscore_f1 bert_score_f1",
        "gen_len": "gen_length generation_length avg_gen_len mean_gen_len generated_length",
        "map": "mean_average_precision map50_95 map_0_5_0_95 map_50_95 map5095 coco_map bbox_map bbox_ap segm_ap",
        "map50": "map_50 map_0_5 ap50 bbox_ap50 bbox_map_50 segm_ap50",
        "map75": "map_75 ap75 bbox_ap75 bbox_map_75 segm_ap75",
        "ndcg": "ndcg_score",
        "mrr": "mean_reciprocal_rank",
        "samples": "n_samples num_samples sample_count num_examples n_examples example_count examples n total_samples"
        " num_sample sample_size number_of_samples nb_samples dataset_size",
        "support": "supports number",
        "predicted": "predicted_count",
        "tp": "true_positives true_positive",
        "fp": "false_positives false_positive",
        "fn": "false_negatives false_negative",
        "tn": "true_negatives true_negative",
        "learning_rate": "lr lr_pg0 learningrate",
        "grad_norm": "gradient_norm gnorm grad_norm_total",
        "step": "global_step steps trainer_global_step training_step train_step update updates num_updates",
        "epoch": "epochs",
        "iteration": "iter iterations iters",
        "runtime": "runtime_s eval_time elapsed elapsed_time evaluation_time inference_time total_time",
        "samples_per_second": "samples_sec samples_s samples_per_sec sample_per_second samples_second throughput"
        " examples_per_second examples_per_sec",
        "steps_per_second": "steps_per_sec steps_s steps_sec steps_second it_s",
        "tokens_per_second": "tokens_per_sec tokens_s tok_s wps",
        "compilation_time": "jit_compilation_time",
        "preparation_time": "model_preparation_time",
        "num_tokens": "num_input_tokens_seen",
        "stderr": "std_err standard_error",
    }
)


def _themselves(names: str) -> dict[str, str]:
    return {name: name for name in names.split()}


# Hyper-parameters under the names of transformers.TrainingArguments, or their own where it has none.
_SETTINGS = _themselves(
    "learning_rate weight_decay adam_beta1 adam_beta2 adam_epsilon max_grad_norm num_train_epochs max_steps"
    " lr_scheduler_type warmup_ratio warmup_steps logging_steps eval_steps save_steps seed fp16 bf16 optim"
    " optimizer gradient_accumulation_steps train_batch_size eval_batch_size total_train_batch_size"
    " total_eval_batch_size num_devices distributed_type label_smoothing_factor metric_for_best_model"
    " load_best_model_at_end early_stopping_patience num_labels max_length max_seq_length dropout best_metric"
    " best_model_checkpoint best_global_step global_step mixed_precision_training test_size train_size val_size"
    " validation_split momentum loss_function hidden_size freeze class_weights focal_gamma temperature top_p top_k"
    " num_beams num_workers save_total_limit gradient_checkpointing eval_strategy save_strategy total_flos"
    " num_input_tokens_seen lora_alpha lora_dropout lora_r n_fold num_fewshot batch_size_auto device threshold"
    " min_learning_rate"
) | _aliases(
    {
        "learning_rate": "lr init_lr initial_lr initial_learning_rate base_lr max_lr lr0 peak_lr peak_learning_rate",
        "num_train_epochs": "num_epochs n_epochs epochs max_epochs nb_epochs total_epochs train_epochs nepochs"
        " num_epoch max_epoch training_epochs",
        "train_batch_size": "batch_size per_device_train_batch_size per_gpu_train_batch_size training_batch_size"
        " batchsize bs",
        "eval_batch_size": "per_device_eval_batch_size per_gpu_eval_batch_size val_batch_size validation_batch_size"
        " test_batch_size",
        "total_train_batch_size": "effective_batch_size global_batch_size total_batch_size",
        "gradient_accumulation_steps": "grad_accumulation_steps gradient_accumulation grad_accum accumulation_steps"
        " grad_accum_steps accumulate_grad_batches",
        "early_stopping_patience": "patience early_stop_patience es_patience early_stopping",
        "max_grad_norm": "gradient_clipping grad_clip clip_norm gradient_clip clip_grad_norm gradient_clip_val",
        "lr_scheduler_type": "lr_scheduler scheduler learning_rate_scheduler scheduler_type",
        "warmup_steps": "lr_scheduler_warmup_steps num_warmup_steps n_warmup_steps",
        "warmup_ratio": "lr_scheduler_warmup_ratio warmup_proportion",
        "weight_decay": "wd l2_regularization",
        "seed": "random_seed random_state",
        "label_smoothing_factor": "label_smoothing",
        "num_labels": "n_labels num_classes n_classes number_of_classes nb_classes",
        "max_steps": "training_steps max_train_steps total_steps num_train_steps max_iter max_iters total_iterations",
        "dropout": "head_dropout hidden_dropout_prob dropout_rate",
        "num_devices": "num_gpus n_gpus n_gpu num_gpu world_size",
        "max_seq_length": "max_len max_sequence_length seq_length max_source_length",
        "best_epoch": "best_epoch",
        "test_size": "test_split_size",
        "mixed_precision_training": "mixed_precision",
    }
)

_SPLITS = {
    name: split
    for split, names in {
        "eval": "eval evaluation val valid validation dev development",
        "test": "test predict prediction pred testing",
        "train": "train training tr",
    }.items()
    for name in names.split()
}
# Words that name a split only where the name begins with them: "pred_f1" does, "mean_pred" does not.
_LEADING_SPLITS = {"pred", "prediction", "tr"}
_AVERAGES = {
    "macro": "macro",
    "ma": "macro",
    "micro": "micro",
    "mi": "micro",
    "weighted": "weighted",
    "wgt": "weighted",
    "binary": "binary",
    "samples": "samples_average",
}
_NAMED_AVERAGES = ("macro", "micro", "weighted")
_FILLER = {
    "avg",
    "average",
    "averaged",
    "score",
    "overall",
    "mean",
    "avrg",
    "final",
    "metric",
    "metrics",
    "value",
    "total",
}
# Words in front of a metric that make another quantity of it.
_ANOTHER = frozenset(
    (
        "top",
        "k",
        "std",
        "stdev",
        "var",
        "variance",
        "min",
        "max",
        "delta",
        "diff",
        "change",
        "gain",
        "relative",
        "improvement",
    )
)
_CLASS_WORDS = ("class", "label")
# Words behind a metric that say which variant of it this is: lm-eval's filters, MNLI's second set, Ultralytics' heads.
_VARIANTS = {"mm", "strict_match", "flexible_extract", "get_answer", "remove_whitespace", "custom_extract"}
_BOX_HEAD, _MASK_HEAD = "b", "m"
_LETTERS = {"p", "r", "f", "n"}
_WORD = re.compile(r"[A-Za-z]+\d*|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z]|[A-Z]\d)")


class Name(NamedTuple):
    """A written metric name taken apart.

    metric: the canonical name, or the written words where it is not known; split: as named in it, or None;
    known: whether `metric` is canonical; prefix: words in front that name a task, an entity or a class, or "";
    best: the name says that it is the best of a history; variant: words behind that tell it from its twin
    ("mm" in "eval_accuracy_mm", "strict_match" in "exact_match,strict-match"), or "";
    target: the name says that it is a goal; words: the whole written name as words joined by "_";
    letter: the metric was written as one letter ("p"), which counts only among its like.
    """

    metric: str
    split: str | None
    known: bool
    prefix: str = ""
    best: bool = False
    variant: str = ""
    target: bool = False
    words: str = ""
    letter: bool = False

    @property
    def info(self) -> Metric | None:
        """What is known of the metric."""
        return metric_of(self.metric)


class Place(NamedTuple):
    """A name with the run, task and split that it is about; None: all."""

    name: str
    run: str | None
    task: str | None
    split: str | None


def written_names() -> dict[str, str]:
    """Return every known way to write a metric's base name, in words joined by "_", with the canonical one."""
    return {base.lower(): base for base in METRICS} | _ALIASES


@lru_cache(maxsize=4096)
def metric_of(canonical: str) -> Metric | None:
    """Return what is known of a canonical name, its average (and a leading "target.") put aside."""
    base = canonical.removeprefix("target.")
    if base in METRICS:
        return METRICS[base]
    average, _, rest = base.partition("_")
    return METRICS.get(rest) if average in _NAMED_AVERAGES else None


def split_of(written: str) -> str | None:
    """Return the split that `written` names as a whole ("validation", "dev set"), or None."""
    words = [word for word in _words(written) if word not in ("set", "results", "metrics", "split", "data")]
    return _SPLITS.get(words[0]) if len(words) == 1 else None


def setting_of(written: str) -> str | None:
    """Return the name of the hyper-parameter that `written` is ("EPOCHS" is num_train_epochs), or None."""
    return _SETTINGS.get("_".join(_words(written)))


def parse_place(written: str) -> Place | None:
    """Read `[RUN/][TASK/][SPLIT:]NAME`; one name before a slash is a task. None where there is no name."""
    *place, last = written.split("/")
    split, colon, name = last.rpartition(":")
    if not name.strip() or len(place) > 2:
        return None
    run, task = (place[0].strip() if len(place) == 2 else None), (place[-1].strip() if place else None)
    return Place(name.strip(), run, task, split.strip() if colon else None)


@lru_cache(maxsize=4096)
def parse_name(written: str) -> Name:
    """Take a written metric name apart: "eval/macro-F1" is macro_f1 on eval, "mrpc_en_eval_f1" is f1 of mrpc_en."""
    words = _words(written)
    joined = "_".join(words)
    whole = _base_of(joined)
    if whole and METRICS[whole].kind in ("axis", "time", "rate", "setting"):
        return Name(whole, _first_split(words), known=True, words=joined)
    split = _first_split(words)
    best = "best" in words[:2]
    target = bool({"target", "goal"} & set(words)) and len(words) > 1
    aside = {"best"} if best else set()
    if target:
        aside |= {"target", "goal"}
    rest = [w for i, w in enumerate(words) if w not in aside and not _is_split(w, i)]
    # "bbox_mAP_m" is the AP of objects of medium size, no head.
    rest, variant = _cut_variant(_class_first(rest), head=written.rstrip().endswith(("(B)", "(M)")))
    canonical, prefix, letter = _find(rest)
    if not canonical and len(rest) > 1 and rest[-1] in ("step", "epoch"):
        canonical, prefix, letter = _find(rest[:-1])
    return Name(
        canonical or "_".join(rest or words),
        split,
        known=canonical is not None,
        prefix=prefix,
        best=best,
        variant=variant,
        target=target,
        words=joined,
        letter=letter,
    )


def _words(written: str) -> list[str]:
    written = written.replace("²", "2").replace("'s ", " ").replace("’s ", " ")
    return [word.lower() for word in _WORD.findall(_CAMEL.sub("_", written))]


def _is_split(word: str, index: int) -> bool:
    return word in _SPLITS and (index == 0 or word not in _LEADING_SPLITS)


def _first_split(words: list[str]) -> str | None:
    return next((_SPLITS[word] for i, word in enumerate(words) if _is_split(word, i)), None)


def _class_first(rest: list[str]) -> list[str]:
    """Put the number of a class in front of its metric, without the word: "F1 class 0" and "class_0_f1" are "0 f1"."""
    if len(rest) > 2 and rest[-2] in _CLASS_WORDS and rest[-1].isdigit():
        return [rest[-1], *rest[:-2]]
    if len(rest) > 2 and rest[0] in _CLASS_WORDS and rest[1].isdigit():
        return rest[1:]
    return rest


def _cut_variant(rest: list[str], *, head: bool) -> tuple[list[str], str]:
    """Cut off the words behind a metric that say which variant of it this is; `head`: it ends in "(B)" or "(M)"."""
    for length in (2, 1):
        variant = "_".join(rest[-length:])
        if len(rest) > length and variant in _VARIANTS:
            return rest[:-length], variant
    if len(rest) > 1 and rest[-1] == "none":
        return rest[:-1], ""
    if len(rest) > 1 and head and _find(rest[:-1])[0]:
        return rest[:-1], "mask" if rest[-1] == _MASK_HEAD else ""
    return rest, ""


def _find(rest: list[str]) -> tuple[str | None, str, bool]:
    """Return the canonical metric that the last words make, the words before it, and whether it was one letter."""
    if len(rest) > 1 and rest[-1] == "stderr":
        canonical, prefix, letter = _find(rest[:-1])
        return (f"{canonical}_stderr" if canonical else None), prefix, letter
    for start in range(len(rest)):
        canonical = _canonical(rest[start:])
        if not canonical:
            continue
        before = [word for word in rest[:start] if word not in _FILLER]
        average = next((word for word in before if word in _NAMED_AVERAGES), None)
        if average and canonical in METRICS and METRICS[canonical].kind == "score":
            before.remove(average)
            canonical = f"{average}_{canonical}"
        if before and (_canonical(before) or _ANOTHER.intersection(before)):
            return None, "", False  # "bleu_acc" is a metric of its own, not the accuracy of a task "bleu"
        return canonical, "_".join(before), len(rest) - start == 1 and rest[-1] in _LETTERS
    return None, "", False


def _base_of(joined: str) -> str | None:
    return joined if joined in METRICS else _ALIASES.get(joined)


def _canonical(words: list[str]) -> str | None:
    """Return the canonical name that these words make in full, or None."""
    base = _base_of("_".join(words))
    if base:
        return base
    average = next((_AVERAGES[w] for w in words if w in _AVERAGES), None)
    kept = [w for w in words if w not in _AVERAGES and w not in _FILLER]
    base = _base_of("_".join(kept))
    if not base or METRICS[base].kind in ("count", "time", "axis", "setting"):
        return None
    return f"{average}_{base}" if average in _NAMED_AVERAGES else base
