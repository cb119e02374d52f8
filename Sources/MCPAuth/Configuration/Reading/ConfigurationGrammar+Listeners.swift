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
    ])
}
