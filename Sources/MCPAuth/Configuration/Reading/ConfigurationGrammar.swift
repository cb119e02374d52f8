// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

internal import enum MCPAuthVerification.TokenForm

/// The grammar of server configurations, version 1: what the reader allows, the published JSON Schema and the tables of
/// `docs/configuration.md`.
package enum ConfigurationGrammar {
    package static let configuration = ObjectGrammar(
        required: ["version", "resources"],
        [
            "version": ["const": 1, "description": "The version of the format"],
            "server": server.schema(adding: ["description": "Settings of the whole server"]),
            "issuers": named(issuer.schema(), "The authorization servers, each with a name that the resources use"),
            "modules": named(module.schema(), "The modules, each with a name that resources use"),
            "resources": [
                "type": "array", "minItems": 1, "items": resource.schema(adding: ["oneOf": onePolicyKey]),
                "description": "The protected resources",
            ],
        ]
    )

    package static let server = ObjectGrammar([
        "listen": text(
            "Where `mcp-auth serve` listens for requests of clients: `host:port`, an IPv6 address in brackets, or "
                + "`unix:/path`",
            default: standardListener
        ),
        "tls": listenerTLS.schema(adding: ["description": "The certificate of that listener; without it, plain HTTP"]),
        "forward_auth": [
            "type": "array", "items": forwardAuth.schema(),
            "description": "Proxies that ask this server about the requests of clients; see below",
        ],
        "ext_authz": extAuthz.schema(adding: [
            "description": "Envoy, Istio and others that ask over gRPC (`envoy.service.auth.v3`); see below"
        ]),
        "authzen": authZEN.schema(adding: [
            "description": "Gateways that ask with the AuthZEN Authorization API 1.0; see below"
        ]),
        "identity": identity.schema(adding: [
            "description": "How the caller is described to the server behind a proxy; see below"
        ]),
        "admin": admin.schema(adding: ["description": "The listener for operators; see below"]),
        "decision_log": decisionLog.schema(adding: ["description": "Where every decision is written to; see below"]),
        "tracing": tracing.schema(adding: ["description": "Where spans of decisions are sent to; see below"]),
        "authority": words(
            ResourceRouter.AuthorityRule.self,
            "`any` ignores the `Host` of requests and chooses the resource by path alone",
            default: .exact
        ),
        "dangerously_allow_http": flag(
            "Allows plain HTTP to other machines for metadata, keys, introspection and spans"
        ),
        NumberSetting.tokenBytes.key: NumberSetting.tokenBytes.schema,
        NumberSetting.bodyBytesWithoutToken.key: NumberSetting.bodyBytesWithoutToken.schema,
        NumberSetting.tokenCacheEntries.key: NumberSetting.tokenCacheEntries.schema,
        "revocations": text("The path of a file that lists tokens to refuse (`revocations-1.schema.json`)"),
        "cors": cors.schema(adding: ["description": "Which web pages may read responses"]),
    ])

    package static let cors = ObjectGrammar([
        "allowed_origins": [
            "type": "array", "items": string, "default": ["*"],
            "description": "The origins of these pages: `[\"*\"]` for any, `[]` for none",
        ]
    ])

    // MARK: Issuers

    package static let issuer = ObjectGrammar(
        required: ["issuer"],
        [
            "issuer": text(
                "The issuer identifier that clients discover. It is published, and must equal the `issuer` of the metadata "
                    + "byte for byte"
            ),
            "token_issuer": text(
                "The `iss` of its tokens where that differs from `issuer` (AD FS: `http://HOST/adfs/services/trust`)"
            ),
            "provider": text(
                "The name or path of a provider profile with the settings of such servers; keys here override it"
            ),
            "tenants": [
                "type": "array", "minItems": 1, "items": ["type": "string", "pattern": "^[A-Za-z0-9._-]+$"],
                "description":
                    "The values of `{tenant}` in `issuer`, `token_issuer` and `metadata_url`; each is an issuer",
            ],
            "discovery": discovery,
            "metadata_url": metadataURL,
            "metadata": object("Replaces both: the metadata itself, so that only keys are fetched"),
            "overrides": object("A JSON Merge Patch (RFC 7396) that is applied to the metadata"),
            "ca_file": text(
                "A PEM file with the certificate authorities to trust for this issuer. Without it, those of the system or of "
                    + "`SSL_CERT_FILE` and `SSL_CERT_DIR` are trusted"
            ),
            "algorithms": algorithms,
            "profile": profile,
            "access_token_marks": marks,
            NumberSetting.leewaySeconds.key: NumberSetting.leewaySeconds.schema,
            "claims": claims,
            "transformers": list(
                "The names of transformer modules that change the claims of its tokens, after `claims`, in this order"
            ),
            "required_values": requiredValues,
            "introspection": introspection.schema(adding: [
                "allOf": .array(IntrospectionMethod.allCases.map(\.schemaOfItsKeys)),
                "description": "How the issuer is asked about tokens (RFC 7662); see below",
            ]),
            "hmac_secrets": [
                "type": "array", "items": hmacSecret.schema(),
                "description": "Secrets that it signs tokens with, where it has no public keys; see below",
            ],
        ]
    )

    package static let hmacSecret = ObjectGrammar(
        required: ["algorithm", "secret"],
        [
            "algorithm": words(HMACAlgorithm.self, "The algorithm of the tokens"),
            "key_id": text("The `kid` of the tokens, where they have one"),
            "secret": secret("At least as long as the hash of the algorithm"),
        ]
    )

    package static let introspection = ObjectGrammar([
        "endpoint": text("The URL of the endpoint; without it, that of the metadata"),
        "method": words(
            IntrospectionMethod.self,
            "How this server authenticates to the endpoint",
            default: .clientSecretBasic
        ),
        "client_id": text("The client identifier of this server, for every method but `bearer`"),
        "client_secret": secret("For `client_secret_basic` and `client_secret_post`"),
        "private_key": secret("A private key in PEM, for `private_key_jwt` (RFC 7523)"),
        "assertion_algorithm": words(
            SignatureAlgorithm.self,
            "For `private_key_jwt`; without it, one that fits the key"
        ),
        "assertion_audience": text("For `private_key_jwt`; without it, the issuer identifier"),
        "bearer_token": secret("For `bearer`"),
        "tls": tls.schema(adding: ["description": "The client certificate, for `tls_client_auth` (RFC 8705)"]),
        "tokens": words(
            TokenForm.self,
            "Which tokens the endpoint is asked about: all but JWTs, only JWTs, or both",
            default: .opaque
        ),
        "token_prefix": text("The endpoint is asked about tokens with this prefix only", default: ""),
        "assume_audience": text("The audience of responses without `aud`; without it, such tokens are refused"),
        "max_seconds_without_exp": [
            "type": "integer", "minimum": .integer(NumberSetting.secondsWithoutExpiry.lowerBound),
            "maximum": .integer(NumberSetting.secondsWithoutExpiry.upperBound),
            "description":
                "How long a response without `exp` is valid, in seconds; without it, such tokens are refused",
        ],
        NumberSetting.cacheSeconds.key: NumberSetting.cacheSeconds.schema,
        NumberSetting.negativeCacheSeconds.key: NumberSetting.negativeCacheSeconds.schema,
        NumberSetting.maxConcurrent.key: NumberSetting.maxConcurrent.schema,
        NumberSetting.maxPerSecond.key: NumberSetting.maxPerSecond.schema,
    ])

    package static let tls = ObjectGrammar(
        required: ["certificate", "private_key"],
        [
            "certificate": text("A PEM file with the certificate chain of this server"),
            "private_key": text("A PEM file with its private key, not encrypted"),
            "trust_roots": text("A PEM file with the authorities to trust for introspection, in place of `ca_file`"),
        ]
    )

    /// A secret is one of these.
    package static let secret = ObjectGrammar([
        "env": nonEmpty("The name of an environment variable"),
        "file": nonEmpty("The path of a file; a line break at its end is not part of the secret"),
    ])

    package static let claimRule = ObjectGrammar([
        "from": [
            "type": "array", "minItems": 1, "items": string,
            "description": "Claim names or JSON Pointers; the first one that the token has is used",
        ],
        "merge": flag("Joins all sources that the token has"),
        "split": nonEmpty("Splits a string at this text"),
        "strip_prefix": text("Keeps only values with this prefix, and removes it"),
        "map": [
            "type": "object", "additionalProperties": string, "description": "Replaces values; others are removed",
        ],
        "keep_unmapped": flag("Keeps the values that `map` does not name"),
        "prefix": text("Is put before each value"),
        "constant": ["description": "The value for every token; a rule with it has no other key"],
    ])

    // MARK: Modules and resources

    package static let module = ObjectGrammar(
        required: ["path"],
        [
            "path": text("The shared library"),
            "verifier": text("The verifier to use, if the library offers several"),
            "transformer": text("The transformer to use, in place of a verifier"),
            "sha256": [
                "type": "string", "pattern": "^[0-9A-Fa-f]{64}$",
                "description": "The hash that the file must have, in hexadecimal",
            ],
            "isolation": words(
                ModuleIsolation.self,
                "Where it runs: on threads of its own; with `process`, each instance in a process of its own, started again "
                    + "when it ends; with `none`, on the thread of a request if the module allows that, which is faster, "
                    + "but a call that blocks there holds its request",
                default: ModuleIsolation.thread
            ),
            "issuer": text("The `iss` of the tokens that a verifier accepts"),
            "hosts": list(
                "The hosts from which a verifier may fetch, such as `api.github.com` or `127.0.0.1:8080`; without it, none"
            ),
            "config": object("The configuration of the module, checked with its own schema"),
            "secrets": named(secretSchema, "Secrets that the module may read, by name"),
        ]
    )

    package static let resource = ObjectGrammar(
        required: ["resource"],
        [
            "resource": [
                "type": "string", "pattern": .string(urlPattern),
                "description": "Its identifier: the URL that clients use",
            ],
            "name": text("A name for people, published in the metadata"),
            "documentation": text("The URL of a page for developers, published in the metadata"),
            "metadata": metadata.schema(adding: [
                "description": "Further members of the published metadata (RFC 9728 section 2); see below"
            ]),
            "issuers": [
                "type": "array", "items": ["oneOf": [string, resourceIssuer.schema()]],
                "description":
                    "The issuers that are trusted here: names, or objects that limit what an issuer may grant; see below",
            ],
            "audiences": list("The audiences that a token may have; without it, the identifier of the resource"),
            "modules": list("The names of the verifier modules that are used here, asked in this order"),
            "transformers": list(
                "The names of the transformer modules that are used here, after those of the issuer, in this order"
            ),
            "policies": [
                "type": "array", "minItems": 1, "items": string,
                "description": "The paths of policy files; all of them apply",
            ],
            "policy": [
                "const": "authenticated", "description": "Replaces `policies`: every valid token is allowed everything",
            ],
            "scopes_supported": list("The scopes that a client asks for at first, published in the metadata"),
            "protocol": words(
                ResourceProtocol.self,
                "`http` for a resource whose requests carry no MCP messages",
                default: .mcp
            ),
            "root_metadata": flag(
                "Publishes the metadata at `/.well-known/oauth-protected-resource` too; always so for a single resource"
            ),
            "challenge_in_tool_result": flag(
                "Answers a tool call that lacks credentials or scopes with status 200 and a result that has the challenge, for "
                    + "clients that react to nothing else"
            ),
            "upstream_validates_mcp_headers": flag(
                "The MCP server behind a proxy refuses requests whose `Mcp-*` fields contradict their body (MCP 2026-07-28). "
                    + "Forward auth then knows the operation of a request of this revision from these fields; otherwise it is "
                    + "unknown, and only rules for any target can allow it"
            ),
            "token_field": text(
                "The field that has the access token, in place of `Authorization`, such as `Cf-Access-Jwt-Assertion`"
            ),
            "allowed_origins": list(
                "The origins of web pages that may send requests. Without it, any; on a loopback address, loopback origins"
            ),
        ]
    )

    package static let resourceIssuer = ObjectGrammar(
        required: ["name"],
        [
            "name": text("The name of the issuer in `issuers`"),
            "allowed_scopes": list("The scopes of its tokens that count here; others are ignored"),
            "allowed_claims": valuesByClaim(
                "The values of normalised claims that count here; others are ignored",
                excluding: ResourceConfiguration.claimsWithoutBounds
            ),
        ]
    )

    /// Members of the metadata besides those that have keys of their own (RFC 9728 section 2).
    package static let metadata = ObjectGrammar([
        "jwks_uri": text("The URL of the keys of the resource"),
        "resource_policy_uri": text("The URL of a page about the use of data"),
        "resource_tos_uri": text("The URL of the terms of service"),
        "resource_signing_alg_values_supported": [
            "type": "array", "items": ["type": "string", "not": ["const": "none"]],
            "description": "The algorithms of signed responses",
        ],
        "tls_client_certificate_bound_access_tokens": flag(boundTokens),
        "authorization_details_types_supported": list("The types of RFC 9396 that the resource knows"),
        "dpop_signing_alg_values_supported": list(boundTokens),
        "dpop_bound_access_tokens_required": flag(boundTokens),
        "signed_metadata": text("A JWT with the metadata, published unchanged"),
    ])

    private static let boundTokens = "Not supported: tokens bound to a client are refused, so `mcp-auth check` fails"

    // MARK: Other files

    package static let provider = ObjectGrammar(
        required: ["version", "provider", "issuer"],
        [
            "version": ["const": 1, "description": "The version of the format"],
            "provider": text("The name of the profile"),
            "documentation": text("The URL of the vendor's documentation"),
            "issuer": text("The form of its issuer identifiers, with placeholders"),
            "discovery": discovery,
            "metadata_url": metadataURL,
            "algorithms": algorithms,
            "profile": profile,
            "access_token_marks": marks,
            "claims": claims,
            "required_values": requiredValues,
            "notes": list("What an operator must know"),
        ]
    )

    package static let revocations = ObjectGrammar(
        required: ["version", "entries"],
        [
            "version": ["const": 1, "description": "The version of the format"],
            "entries": [
                "type": "array", "items": revocation.schema(),
                "description": "A token that matches every member of an entry is refused",
            ],
        ]
    )

    package static let revocation = ObjectGrammar(
        required: ["issuer"],
        [
            "issuer": text("The `iss` of the tokens"),
            "jti": text("The identifier of one token"),
            "sub": text("The subject of the tokens"),
            "client_id": text("The client that they were issued to"),
            "issued_before": [
                "type": "integer", "minimum": 0, "maximum": .integer(latestDate),
                "description": "Only tokens with an earlier `iat`, in seconds since 1970, or without one",
            ],
        ]
    )

    /// The end of the year 9999, in seconds since 1970.
    static let latestDate: Int64 = 253_402_300_799
    static let standardListener = "127.0.0.1:8080"
    static let standardVerifyPath = "/verify"

    static let serverSchema = published(configuration, "server-1", "MCP Auth server configuration, version 1")
    static let providerSchema = published(provider, "provider-1", "MCP Auth provider profile, version 1")
    static let revocationsSchema = published(revocations, "revocations-1", "MCP Auth revocation list, version 1")

    /// The tables of `docs/configuration.md`, by the names in its markers.
    package static let tables: KeyValuePairs<String, ObjectGrammar> = [
        "configuration": configuration, "server": server, "cors": cors,
        "listener tls": listenerTLS, "forward auth": forwardAuth, "ext authz": extAuthz,
        "authzen": authZEN, "identity": identity, "assertion": assertion, "admin": admin, "decision log": decisionLog,
        "tracing": tracing,
        "issuer": issuer, "claim rule": claimRule,
        "introspection": introspection, "tls": tls, "secret": secret, "hmac secret": hmacSecret, "module": module,
        "resource": resource, "resource issuer": resourceIssuer, "metadata": metadata, "provider": provider,
        "revocations": revocations, "revocation": revocation,
    ]
}
