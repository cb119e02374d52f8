// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Fields in which proxies describe a request or its caller: from a client, they mean nothing.
extension HostConformance {
    private static func unchanged(_ name: String, _ fields: [(String, String)]) -> Row {
        Row(name: name, fields: fields, body: .text(list), status: 200)
    }

    private static func denied(
        _ name: String,
        method: String = "GET",
        path: String = "/calendar/closed",
        _ fields: [(String, String)]
    ) -> Row {
        Row(
            name: name,
            method: method,
            path: path,
            credentials: path == "/notes" ? .notes : .calendar,
            fields: fields,
            body: method == "POST" ? .text(call("bad")) : .none,
            status: 403
        )
    }

    private static func withoutToken(_ name: String, _ fields: [(String, String)]) -> Row {
        Row(name: name, credentials: .none, fields: fields, body: .text(list), status: 401)
    }

    static let spoofing: [Row] = [
        unchanged("a field with the name of another caller changes nothing", [("X-Auth-Subject", "admin")]),
        unchanged(
            "two fields with the names of other callers change nothing",
            [("X-Auth-Subject", "admin"), ("x-auth-subject", "root")]
        ),
        unchanged(
            "a field about the caller with `_` for `-` changes nothing",
            [("X_Auth_Subject", "admin"), ("X-Auth_Subject", "root")]
        ),
        unchanged(
            "other fields about the caller change nothing",
            [("X-Auth-Issuer", "https://evil.example"), ("X-Auth-Client", "c"), ("X-Auth-Scope", "pay")]
        ),
        unchanged(
            "fields about the caller may be named as fields of the connection",
            [("Connection", "keep-alive, X-Auth-Subject")]
        ),
        unchanged("the token may be named as a field of the connection", [("Connection", "keep-alive, Authorization")]),
        unchanged(
            "fields about a proxy change nothing",
            [("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Prefix", "/calendar")]
        ),
        unchanged("a forwarded path does not change the resource", [("X-Forwarded-Uri", "/notes/admin")]),
        unchanged(
            "a forwarded method does not change the operation",
            [("X-Forwarded-Method", "DELETE"), ("X-Original-Method", "PUT")]
        ),
        withoutToken(
            "a name of a caller is no token",
            [("X-Auth-Subject", "alice"), ("X-Auth-Issuer", "http://{authority}")]
        ),
        withoutToken(
            "names of users from other proxies are no token",
            [("X-Forwarded-User", "alice"), ("Remote-User", "alice"), ("X-Remote-User", "alice")]
        ),
        withoutToken(
            "a certificate in a field is no token",
            [("X-Forwarded-Client-Cert", "Subject=\"CN=alice\""), ("X-SSL-Client-Verify", "SUCCESS")]
        ),
        withoutToken(
            "a decision in a field is no token",
            [("X-Mcp-Auth-Status", "200"), ("X-Auth-Request-Redirect", "/")]
        ),
        Row(
            name: "scopes in a field are no scopes",
            path: "/open",
            credentials: .open,
            fields: [("X-Auth-Scope", "pay")],
            body: .text(call("pay")),
            status: 403,
            field: ("www-authenticate", #"Bearer error="insufficient_scope", scope="pay", resource_metadata="#)
        ),
        denied(
            "an allowed path in a field of a proxy does not help",
            [("X-Forwarded-Uri", "/calendar/x"), ("X-Original-URI", "/calendar/x")]
        ),
        denied(
            "an allowed path in a field of another proxy does not help",
            [("X-Original-URL", "/calendar/x"), ("X-Rewrite-URL", "/calendar/x")]
        ),
        denied(
            "a method in a field of a proxy does not help",
            method: "PUT",
            path: "/notes",
            [("X-Forwarded-Method", "GET"), ("X-Original-Method", "GET")]
        ),
        denied(
            "a method that overrides does not help",
            method: "POST",
            path: "/notes",
            [("X-HTTP-Method-Override", "GET"), ("X-Method-Override", "GET")]
        ),
        Row(
            name: "a preflight in fields of a proxy is none",
            method: "GET",
            credentials: .none,
            fields: [
                page, ("Access-Control-Request-Method", "GET"), ("X-Forwarded-Method", "OPTIONS"),
                ("X-HTTP-Method-Override", "OPTIONS"),
            ],
            status: 401
        ),
        Row(
            name: "the right host in a field of a proxy does not help",
            fields: [("Host", "evil.example"), ("X-Forwarded-Host", "{authority}")],
            body: .text(list),
            status: 404
        ),
        Row(
            name: "the right host in the standard field of proxies does not help",
            fields: [("Host", "evil.example"), ("Forwarded", "host={authority};proto=http")],
            body: .text(list),
            status: 404
        ),
        Row(
            name: "another host in a field of a proxy is not named in the challenge",
            credentials: .none,
            fields: [("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example")],
            body: .text(list),
            status: 401,
            lacks: "evil.example"
        ),
    ]
}
