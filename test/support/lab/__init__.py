# SPDX-License-Identifier: Apache-2.0
"""The laboratory: certificate authorities, Sallyports, user agents and attackers on loopback, for demo and tests."""
