# SPDX-License-Identifier: Apache-2.0
"""Last: no packet of the whole run went to an address that no configuration names (BE-4)."""
import pytest


def test_no_packet_to_strangers(capture):
    if not capture.possible:
        pytest.skip("needs root, a network namespace, and dumpcap and tshark")
    if not capture.permitted:
        pytest.skip("no Sallyport ran")
    found = capture.destinations()
    assert found, "the capture saw the run"
    assert set(found) <= capture.permitted, {a: n for a, n in found.items() if a not in capture.permitted}
