# SPDX-License-Identifier: Apache-2.0
"""Debian's Kamailio 5.6 as a neighbour: a transaction-stateful, record-routing proxy between a Sallyport and a SIPp."""
import subprocess
import time
from pathlib import Path

CONFIG = """#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=2
tcp_children=2
auto_aliases=no
disable_tcp={no_tcp}
{tls}
listen={listen}
{tcp_source}
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/:/usr/lib/kamailio/modules/"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
{tls_module}
modparam("rr", "enable_double_rr", 1)

request_route {{
	if (!mf_process_maxfwd_header("10")) {{
		sl_send_reply("483", "Too Many Hops");
		exit;
	}}
	if (has_totag()) {{
		if (loose_route() || is_method("ACK")) {{
			t_relay();
			exit;
		}}
		sl_send_reply("404", "Not here");
		exit;
	}}
	if (is_method("CANCEL")) {{
		if (t_check_trans())
			t_relay();
		exit;
	}}
	t_check_trans();
	record_route();
	if (src_ip == {sallyport}) {{
		$du = "sip:{behind};transport={behind_transport}";
	}} else {{
		$fs = "{transport}:{address}:{port}";
		$ru = "sip:" + $rU + "@{sallyport}:{port};transport={transport}";
	}}
	t_relay();
}}
"""

TLS_CONFIG = """[server:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
private_key = {key}
certificate = {certificate}
ca_list = {authority}
[client:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
private_key = {key}
certificate = {certificate}
ca_list = {authority}
"""


class Kamailio:
    """At ADDRESS: TRANSPORT towards the Sallyport at SALLYPORT, udp or tcp towards the agent BEHIND ("address:port").
    TLS: (certificate, key, authority that the Sallyport's certificate comes from)."""

    def __init__(self, folder, address, sallyport, transport, behind, tls=None):
        self.folder = Path(folder)
        (self.folder / "run").mkdir(parents=True)
        port = 5061 if transport == "tls" else 5060
        listen = [f"{transport}:{address}:{port}"] + ([f"udp:{address}:5062"] if transport != "udp" else [])
        if tls:
            (self.folder / "tls.cfg").write_text(TLS_CONFIG.format(certificate=tls[0], key=tls[1], authority=tls[2]))
        (self.folder / "kamailio.cfg").write_text(CONFIG.format(
            no_tcp="yes" if transport == "udp" else "no", tls="enable_tls=yes" if tls else "", listen="\nlisten=".join(listen),
            tls_module=f'loadmodule "tls.so"\nmodparam("tls", "config", "{self.folder}/tls.cfg")' if tls else "",
            tcp_source="" if transport == "udp" else f"tcp_source_ipv4={address}", address=address, sallyport=sallyport, port=port, transport=transport, behind=behind, behind_transport="udp"))
        self.inside = f"{address}:{5060 if transport == 'udp' else 5062}"  # where the agent behind sends its calls
        self.process = None

    def start(self):
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(["kamailio", "-DD", "-E", "-m", "32", "-M", "4", "-f", "kamailio.cfg", "-w", ".", "-Y", "run",
                                         "-P", "run/pid"], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        end = time.monotonic() + 10
        while not (self.folder / "run" / "pid").exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(self.why())
            time.sleep(0.05)
        time.sleep(0.5)
        return self

    def why(self):
        return f"kamailio in {self.folder}: " + (self.folder / "log").read_text(errors="replace")[-1500:]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
