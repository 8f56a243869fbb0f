"""What scikit-learn finds on the embeddings and parts of groups that `neurostream probe` used.

    probe_check.py EMBEDDINGS.csv PREDICTIONS.csv CLASSES.json NUMBERS.json CLUSTERS.json DETECTED.json

The targets of NUMBERS are the second in the recording at which a window begins, the class to detect is the first one.
Prints one line a figure, ours and theirs, and fails if one is half a point off.
"""

import csv
import json
import sys

import numpy as np
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (accuracy_score, adjusted_rand_score, balanced_accuracy_score, cohen_kappa_score, f1_score,
                             r2_score, roc_auc_score, silhouette_score)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

MOST = 0.005
worst = 0.0


def told(name, ours, theirs, width=1.0):
    """`width` is that of the scale, on which chance and all right are one apart for an accuracy."""
    global worst
    off = abs(ours - theirs) / width
    worst = max(worst, off)
    print(f"{name}: {ours:.4f} here, {theirs:.4f} there{'' if off <= MOST else '  OFF'}")


embeddings, predictions, *facts = sys.argv[1:]
classes, numbers, clusters, detected = [json.load(open(path)) for path in facts]
rows = {}
for line in csv.DictReader(open(embeddings)):
    values = [float(line[f"e{i}"]) for i in range(sum(name[0] == "e" and name[1:].isdigit() for name in line))]
    rows[line["file"], line["start_s"]] = values
lines = list(csv.DictReader(open(predictions)))
judges = {judge["judge"]: judge for row in classes["rows"] if row["features"] == "encoder" for judge in row["judges"]}
figures = {"accuracy": accuracy_score, "balanced": balanced_accuracy_score, "kappa": cohen_kappa_score,
           "macro_f1": lambda a, b: f1_score(a, b, average="macro")}
of = lambda facts: next(row["seeds"] for row in facts["rows"] if row["features"] == "encoder")

for seed in sorted({line["seed"] for line in lines}):
    own = [line for line in lines if line["seed"] == seed]
    x = np.array([rows[line["file"], line["start_s"]] for line in own])
    y, fold = np.array([line["label"] for line in own]), np.array([line["fold"] for line in own])
    start = np.array([float(line["start_s"]) for line in own])
    first = sorted(set(y))[0]
    near, linear, ridge, chance = y.copy(), y.copy(), np.zeros(len(y)), np.zeros(len(y))
    for part in set(fold):
        known, asked = fold != part, fold == part
        scaler = StandardScaler().fit(x[known])
        a, b = scaler.transform(x[known]), scaler.transform(x[asked])
        # The class with the most votes of twenty, and of two with as many the nearer one.
        off, which = KNeighborsClassifier(20, metric="cosine").fit(a, y[known]).kneighbors(b)
        names, votes = np.unique(y), y[known][which]
        count = np.stack([(votes == name).sum(1) for name in names], 1)
        weight = np.stack([((1 - off) * (votes == name)).sum(1) for name in names], 1)
        near[asked] = [names[max(range(len(names)), key=lambda k: (c[k], w[k]))] for c, w in zip(count, weight)]
        # Of two classes scikit-learn fits one vector of weights, the multinomial model two: C = 1 of this is C = 2 of that.
        fitted = LogisticRegression(C=2.0 if len(set(y)) == 2 else 1.0, max_iter=5000, tol=1e-8).fit(a, y[known])
        linear[asked] = fitted.predict(b)
        two = LogisticRegression(C=2.0, max_iter=5000, tol=1e-8).fit(a, y[known] == first)
        chance[asked] = two.decision_function(b)
        ridge[asked] = Ridge(1.0).fit(a, start[known]).predict(b)
    at = int(seed) - 1
    for name, figure in figures.items():
        told(f"seed {seed}, LR {name}", judges["LR 100 %"][name]["seeds"][at], figure(y, linear),
             2.0 if name == "kappa" else 1.0)
    told(f"seed {seed}, kNN-20 accuracy", judges["kNN-20"]["accuracy"]["seeds"][at], accuracy_score(y, near))
    told(f"seed {seed}, ridge", of(numbers)["R² of ridge"][at], r2_score(start, ridge))
    told(f"seed {seed}, AUROC", of(detected)["AUROC, taught"][at], roc_auc_score(y == first, chance))
    if at == 0:
        z = StandardScaler().fit_transform(x)
        found = KMeans(len(set(y)), n_init=50, tol=0, random_state=0).fit_predict(z)
        told("silhouette", of(clusters)["silhouette"][at], silhouette_score(z, found))
        told("adjusted Rand index", of(clusters)["adjusted Rand index"][at], adjusted_rand_score(y, found))

print(f"worst: {worst:.4f}")
sys.exit(worst > MOST)
