// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
internal import MCPAuthJSON

/// Endpoints that no real authorization server offers: tokens without a user, and control of the keys (`_dev/…`).
///
/// - `POST _dev/token` takes a JSON object and returns an access token. `resource` is its audience; `scope`, `sub`
///   (`alice` by default) and `claims`, an object of other claims, are optional. A claim replaces a standard one of the
///   same name, so tokens can be made that a resource server must refuse.
/// - `POST _dev/rotate` signs with a new key from now on, `POST _dev/drop` publishes only the newest key.
///
/// Any program on this machine may call them; web pages may not.
extension DevIssuer {
    func development(_ request: IssuerRequest, _ operation: Substring) -> IssuerResponse {
        // Any web page can send requests to this machine, and its site can resolve its own host name to this machine. A
        // browser then sends the page's origin in `Origin`, or that host name in `Host`.
        guard request.origin == nil, request.host.map(isOwnAuthority) ?? true else {
            return .error(
                "access_denied",
                "this endpoint is for programs on this machine, not for web pages",
                status: 403
            )
        }
        guard request.method == "POST" else {
            return .error("invalid_request", "send a POST request", status: 405)
        }
        switch operation {
        case "token":
            return developmentToken(request.body)
        case "rotate":
            guard (try? rotate()) != nil else { return .noSignature }
        case "drop":
            dropOldKeys()
        default:
            return .error("not_found", "there are only: _dev/token _dev/rotate _dev/drop", status: 404)
        }
        return .json(["keys": .integer(Int64(store.keys.count))])
    }

    private func developmentToken(_ body: [UInt8]) -> IssuerResponse {
        guard let asked = try? JSONDocument(parsing: body, limits: .file).root, asked.kind == .object else {
            return .error("invalid_request", "the body is not a JSON object")
        }
        let known = ["resource", "scope", "sub", "claims"]
        if let other = asked.members?.first(where: { !known.contains($0.name) }) {
            let names = known.joined(separator: " ")
            return .error("invalid_request", "there is no member `\(other.name)`, only: \(names)")
        }
        let texts = ["resource", "scope", "sub"]
        if let wrong = texts.first(where: { asked[$0] != nil && asked[$0]?.string == nil }) {
            return .error("invalid_request", "the member `\(wrong)` is not a string")
        }
        guard let resource = asked["resource"]?.string else {
            return .error("invalid_request", "the member `resource` is missing: the audience of the token")
        }
        guard asked["claims"].map({ $0.kind == .object }) ?? true else {
            return .error("invalid_request", "the member `claims` is not an object")
        }
        let scope = asked["scope"]?.string?.split(separator: " ").map(String.init) ?? defaultScope(for: nil)
        if let error = refusal(ofResources: [resource]) ?? refusal(ofScope: scope, for: nil) { return .error(error) }
        let claims = (asked["claims"]?.members ?? []).map { ($0.name, JSON($0.value)) }
        let grant = IssuerStore.Grant(
            clientID: "mcp-auth-dev",
            subject: asked["sub"]?.string ?? "alice",
            scope: scope,
            resources: [resource]
        )
        let extra = Dictionary(claims) { first, _ in first }
        guard let token = try? accessToken(grant, scope, [resource], extraClaims: extra) else { return .noSignature }
        return .json(["access_token": .string(token), "token_type": "Bearer"])
    }

    /// Whether a `Host` field names this machine.
    private func isOwnAuthority(_ host: String) -> Bool {
        let name = host.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)[0].lowercased()
        return name == "127.0.0.1" || name == "localhost"
    }
}
#endif
