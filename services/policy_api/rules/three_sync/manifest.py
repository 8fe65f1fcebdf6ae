"""What a signature covers: the content hash of every part, by subject. Pure.

The policy text, each of its attachments, the plan, each material and its files, the exemption. Reviews and approvals
are not part of it: they refer to the same hashes themselves.
"""

import hashlib
import json

from services.policy_api.rules.three_sync.facts import (
    EXEMPTION,
    PLAN,
    POLICY,
    Dossier,
    attachment_subject,
    material_subject,
)


def manifest_of(dossier: Dossier) -> dict[str, str]:
    """Content hash of everything a signature covers, by subject."""
    manifest = {POLICY: dossier.policy.hash}
    for number, file in enumerate(dossier.policy.attachments, 1):
        manifest[attachment_subject(number)] = file.hash
    if dossier.plan is not None:
        manifest[PLAN] = dossier.plan.hash
    for material in dossier.materials:
        manifest[material.subject] = material.hash
        for number, file in enumerate(material.attachments, 1):
            manifest[material_subject(material.id, number)] = file.hash
    if dossier.exemption is not None:
        manifest[EXEMPTION] = dossier.exemption.hash
    return manifest


def manifest_hash(manifest: dict[str, str]) -> str:
    """SHA-256 of the manifest; the same whatever the order it was built in."""
    canonical = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def differing_subjects(signed: dict[str, str], current: dict[str, str]) -> list[str]:
    """Subjects that were changed, added or taken away since."""
    return sorted(subject for subject in signed.keys() | current.keys() if signed.get(subject) != current.get(subject))
