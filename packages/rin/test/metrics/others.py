# Writes what independent implementations compute from the same features to others.json, for others.test.ts, and statistics as
# numpy writes them (numpy.npz, compressed.npz, incomplete.npz), for npz.test.ts:
#     pip install torch-fidelity==0.4.0 clean-fid==0.1.35 prdc==0.2 scipy
#     python packages/rin/test/metrics/others.py
# The features come from a generator of integers (`features.ts` has the same), so both sides start from the same bits.
import json
import pathlib

import numpy
import prdc
import scipy.linalg
import torch
from cleanfid import fid as cleanfid
from torch_fidelity import metric_fid, metric_isc, metric_kid, metric_prc

# name: samples, features, seeds of the samples and of the reference
SETS = {
    "many": (60, 8, 1, 2),
    "fewer samples than features": (12, 32, 3, 4),
    "several blocks": (1100, 4, 5, 6),
}


def features(count, width, seed):
    """Sums of four uniforms in sixteenths: nearly normal, the later features wider and shifted by the seed."""
    state, values = seed, []
    for i in range(count * width):
        total = 0
        for _ in range(4):
            state = (1664525 * state + 1013904223) % 2**32
            total += state >> 20
        values.append((total / 4096 - 2) * (1 + i % width / 8) + (seed % 2) * (i % width) / 16)
    return numpy.array(values, numpy.float32).astype(numpy.float64).reshape(count, width)


def frechet_by_scipy(a, b):
    (mu1, sigma1), (mu2, sigma2) = [(x.mean(0), numpy.cov(x, rowvar=False)) for x in (a, b)]
    root = scipy.linalg.sqrtm(sigma1 @ sigma2).real
    return float(((mu1 - mu2) ** 2).sum() + numpy.trace(sigma1 + sigma2 - 2 * root))


def frechet_by_factors(a, b):
    """From the samples alone: the trace of the root is the sum of the singular values of their product."""
    centred = [(x - x.mean(0)) / numpy.sqrt(len(x) - 1) for x in (a, b)]
    root = numpy.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + sum((x**2).sum() for x in centred) - 2 * root)


def measure(count, width, first, second):
    samples, reference = features(count, width, first), features(count, width, second)
    stats = [{"mu": x.mean(0), "sigma": numpy.cov(x, rowvar=False)} for x in (samples, reference)]
    tensors = [torch.from_numpy(x) for x in (samples, reference)]
    quiet = {"verbose": False}
    kid = metric_kid.kid_features_to_metric(*tensors, kid_subsets=1, kid_subset_size=count, **quiet)
    prc = metric_prc.prc_features_to_metric(*tensors, prc_neighborhood=3, save_cpu_ram=False, **quiet)
    dc = prdc.compute_prdc(reference, samples, nearest_k=5)
    isc = {n: metric_isc.isc_features_to_metric(tensors[0], splits=n, shuffle=False) for n in (1, 3)}
    return {
        "count": count,
        "width": width,
        "seeds": [first, second],
        "frechet": {
            "scipy": frechet_by_scipy(samples, reference),
            "factors": frechet_by_factors(samples, reference),
            "torch-fidelity": metric_fid.fid_statistics_to_metric(*stats, False)["frechet_inception_distance"],
            "clean-fid": float(cleanfid.frechet_distance(*[x[key] for x in stats for key in ("mu", "sigma")])),
        },
        "kernel": {
            "torch-fidelity": kid["kernel_inception_distance_mean"],
            "clean-fid": cleanfid.kernel_distance(reference, samples, num_subsets=1, max_subset_size=count),
        },
        "precision": prc["precision"],
        "recall": prc["recall"],
        "density": float(dc["density"]),
        "coverage": float(dc["coverage"]),
        "score": {
            n: [isc[n]["inception_score_mean"], isc[n]["inception_score_std"]] for n in isc
        },
    }


results = {name: measure(*sizes) for name, sizes in SETS.items()}
path = pathlib.Path(__file__).with_name("others.json")
path.write_text(json.dumps(results, indent=2) + "\n")

mu = numpy.array([0.5, -1.25, 3.0])
sigma = numpy.array([[2.0, 0.25, 0.0], [0.25, 1.0, -0.5], [0.0, -0.5, 4.0]])
numpy.savez(path.with_name("numpy.npz"), mu=mu, sigma=sigma)
# By columns, in float32, compressed, and beside an array that nothing here needs.
numpy.savez_compressed(
    path.with_name("compressed.npz"),
    arr_0=numpy.zeros((4, 8, 8, 3), numpy.uint8),
    mu=mu.astype(numpy.float32),
    sigma=numpy.asfortranarray(sigma.astype(numpy.float32)),
)
numpy.savez(path.with_name("incomplete.npz"), mu=mu)
