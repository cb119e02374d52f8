// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The keys of every kind of object in configuration files; the published JSON Schemas are held against them.
enum FileKeys {
    static let configuration = ["version", "server", "issuers", "modules", "resources"]
    static let server = [
        "listen", "authority", "dangerously_allow_http", "max_token_bytes", "token_cache_entries", "revocations",
        "cors",
    ]
    static let cors = ["allowed_origins"]
    static let issuer = [
        "issuer", "token_issuer", "provider", "tenants", "discovery", "metadata_url", "metadata", "overrides",
        "ca_file", "algorithms", "profile", "access_token_marks", "leeway_seconds", "claims", "required_values",
        "introspection", "hmac_secrets",
    ]
    static let introspection = [
        "endpoint", "method", "tokens", "token_prefix", "assume_audience", "cache_seconds", "negative_cache_seconds",
        "max_seconds_without_exp", "max_concurrent", "max_per_second", "client_id", "client_secret", "private_key",
        "assertion_algorithm", "assertion_audience", "bearer_token", "tls",
    ]
    static let tls = ["certificate", "private_key", "trust_roots"]
    static let hmacSecret = ["algorithm", "key_id", "secret"]
    static let secret = ["env", "file"]
    static let claimRule = [
        "from", "merge", "split", "strip_prefix", "map", "keep_unmapped", "prefix", "constant",
    ]
    static let module = ["path", "sha256", "issuer", "config", "secrets"]
    static let resource = [
        "resource", "name", "documentation", "metadata", "issuers", "audiences", "modules", "policy", "policies",
        "scopes_supported", "protocol", "root_metadata", "allowed_origins",
    ]
    static let resourceIssuer = ["name", "allowed_scopes", "allowed_claims"]
    /// Members of the protected resource metadata beside those that have keys of their own (RFC 9728 section 2).
    static let metadata = [
        "jwks_uri", "resource_policy_uri", "resource_tos_uri", "resource_signing_alg_values_supported",
        "tls_client_certificate_bound_access_tokens", "authorization_details_types_supported",
        "dpop_signing_alg_values_supported", "dpop_bound_access_tokens_required", "signed_metadata",
    ]
    static let provider = [
        "version", "provider", "documentation", "issuer", "discovery", "metadata_url", "algorithms", "profile",
        "access_token_marks", "claims", "required_values", "notes",
    ]
    static let revocations = ["version", "entries"]
    static let revocation = ["issuer", "jti", "sub", "client_id", "issued_before"]
}
