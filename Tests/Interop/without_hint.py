#!/usr/bin/env python3
# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""Forwards introspection requests without their `token_type_hint`, which issuers may ignore (RFC 7662 section 2.1).

usage: without_hint.py PORT INTROSPECTION_ENDPOINT
"""
import http.server
import sys
import urllib.parse

import httpx

PORT, ENDPOINT = int(sys.argv[1]), sys.argv[2]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
        form.pop("token_type_hint")
        answer = httpx.post(ENDPOINT, data=form, headers={"Authorization": self.headers["authorization"]})
        self.send_response(answer.status_code)
        self.send_header("content-type", answer.headers["content-type"])
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *arguments):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
