// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON

/// The grammar of what `mcp-auth serve` listens on.
extension ConfigurationGrammar {
    package static let listenerTLS = ObjectGrammar(
        required: ["certificate", "private_key"],
        [
            "certificate": text("A PEM file with the certificate chain; it is read again when it changes"),
            "private_key": text("A PEM file with the private key, not encrypted"),
            "client_authorities": text(
                "A PEM file with authorities: a client may show a certificate of theirs, and none of others. No decision depends "
                    + "on it yet"
            ),
        ]
    )

    package static let forwardAuth = ObjectGrammar(
        required: ["listen", "proxy"],
        [
            "listen": text("Where it asks: `host:port` or `unix:/path`; nothing else is answered there"),
            "proxy": words(
                ForwardAuthSettings.Proxy.self,
                "The proxy, which decides the fields that are read, and how refusals are answered"
            ),
            "path": text(
                "The exact path of its requests, everything else is refused; for `envoy` the prefix before the path of the "
                    + "client's request",
                default: standardVerifyPath
            ),
            "trusted_proxies": trustedProxies,
            "ignore_case": ignoreCase,
            "sends_body": flag(
                "It sends the body of the client's request, so rules for tools and arguments apply (`envoy`, `traefik`)"
            ),
        ]
    )

    package static let extAuthz = ObjectGrammar(
        required: ["listen"],
        [
            "listen": text("Where it asks: `host:port` or `unix:/path`"),
            "trusted_proxies": trustedProxies,
            "sends_body": flag("It has `with_request_body`, so rules for tools and arguments apply"),
            "ignore_case": ignoreCase,
            "pass_token": flag("The server behind it gets the token of the client"),
        ]
    )

    private static let ignoreCase = flag(
        "The server behind it ignores case in paths. Case then counts against a caller (deny, require, other resources) and "
            + "never for one"
    )

    private static let trustedProxies: JSON = [
        "type": "array", "items": string, "default": ["127.0.0.0/8", "::1"],
        "description":
            "The addresses from which it asks; everybody else is refused. A unix socket is protected by its directory",
    ]

    package static let authZEN = ObjectGrammar(
        required: ["listen"],
        [
            "listen": text("Where gateways ask: `host:port` or `unix:/path`; nothing else is answered there"),
            "trusted_clients": [
                "type": "array", "items": string, "default": ["127.0.0.0/8", "::1"],
                "description": .string(
                    "The addresses from which gateways ask; everybody else is refused. A unix socket is protected by "
                        + "its directory"
                ),
            ],
            "token": secret("What gateways present as a bearer token. Without it, their address is enough"),
            "url": text(
                "The URL at which gateways reach this listener, without a slash at the end. With it, "
                    + "`/.well-known/authzen-configuration` is published"
            ),
            "ignore_case": ignoreCase,
        ]
    )

    package static let admin = ObjectGrammar(
        required: ["listen"],
        [
            "listen": text(
                "`unix:/path`, or a loopback address with a port. Whoever may open the socket may do everything there"
            ),
            "token": secret(
                "What an operator presents over TCP as a bearer token. Without it only health, metrics and status are served over TCP"
            ),
        ]
    )

    package static let decisionLog = ObjectGrammar(
        required: ["file"],
        [
            "file": text("The file that decisions are appended to, or `-` for standard output"),
            "allowed_fraction": [
                "type": "number", "minimum": 0, "maximum": 1, "default": 1,
                "description": "The fraction of allowed requests that is written; refused requests are always written",
            ],
            NumberSetting.decisionLogQueue.key: NumberSetting.decisionLogQueue.schema,
        ]
    )

    package static let tracing = ObjectGrammar(
        required: ["endpoint"],
        [
            "endpoint": text(
                "The URL at which a collector of OpenTelemetry takes OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`: "
                    + "https, or http on this machine"
            ),
            "sampled_fraction": [
                "type": "number", "minimum": 0, "maximum": 1, "default": 1,
                "description": .string(
                    "The fraction of traces that is recorded. A request that belongs to a trace already (`traceparent`) "
                        + "says itself whether it is"
                ),
            ],
        ]
    )

    package static let identity = ObjectGrammar([
        "prefix": text(
            "What the names of all these fields begin with. A client's request that has other fields with this beginning is "
                + "refused",
            default: IdentitySettings.standardPrefix
        ),
        "claims": named(
            string,
            "Further fields, by the rest of their names, with a claim name or a JSON Pointer, such as `{\"Email\": \"email\"}`"
        ),
        "assertion": assertion.schema(adding: [
            "description": "A JWT about the caller, signed by this server, in the field `Assertion`; see below"
        ]),
    ])

    package static let assertion = ObjectGrammar(
        required: ["key", "issuer"],
        [
            "key": secret(
                "A private key in PEM, not encrypted. Its public half is published at `/.well-known/jwks.json` of `listen`"
            ),
            "issuer": text("The `iss` of these JWTs: a URL of this server, and not that of an authorization server"),
            "audience": text("Their `aud`; the identifier of the resource if it is missing"),
            NumberSetting.assertionSeconds.key: NumberSetting.assertionSeconds.schema,
        ]
    )
}
