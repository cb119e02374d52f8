// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
package import MCPAuth
internal import MCPAuthCore
internal import MCPAuthHTTP
internal import MCPAuthJSON

/// The fields that describe a caller to the server behind a proxy.
///
/// All of them are always there, so that each replaces what the client sent; one without a value is empty. Texts are
/// UTF-8; `%`, bytes outside printable ASCII, and spaces at both ends are percent-encoded, so that different texts stay
/// different. Claims that are not a string are JSON.
package struct IdentityFields: Sendable {
    private let prefix: String
    private let standard: [HTTPField.Name]
    /// The names of all fields.
    private let names: [HTTPField.Name]
    private let claims: [(name: HTTPField.Name, field: String, claim: String)]
    private let assertion: (name: HTTPField.Name, IdentityAssertion)?

    /// The maximum length of a value, in bytes: proxies refuse responses with longer fields.
    static let longestValue = 4096

    package init(_ settings: IdentitySettings) {
        prefix = settings.prefix.lowercased()
        standard = IdentitySettings.standardFields.compactMap { HTTPField.Name(settings.prefix + $0) }
        claims = settings.claims.compactMap { entry in
            HTTPField.Name(settings.prefix + entry.field).map { ($0, entry.field, entry.claim) }
        }
        assertion = settings.assertion.flatMap { assertion in
            HTTPField.Name(settings.prefix + IdentitySettings.assertionField).map { ($0, IdentityAssertion(assertion)) }
        }
        names = standard + claims.map(\.name) + [assertion?.name].compactMap(\.self)
    }

    /// The names of the client's fields that a server could take for one about the caller, but that no answer replaces:
    /// they begin as these fields do, also with `_` for `-`, and are none of them.
    func others(in fields: HTTPFields) -> [HTTPField.Name] {
        var others: [HTTPField.Name] = []
        for field in fields where field.name.isTakenToBegin(with: prefix) && !names.contains(field.name) {
            others.append(field.name)
        }
        return others
    }

    /// The name of the client's field with an assertion; `nil` if it has none, or this server makes none.
    ///
    /// No client sends one for a good reason, and a proxy that does not replace it would pass it on.
    func assertionName(in fields: HTTPFields) -> HTTPField.Name? {
        assertion.flatMap { fields.contains($0.name) ? $0.name : nil }
    }

    /// The fields for a caller; `nil` stands for a caller without a token.
    ///
    /// - Returns: The refusal of a caller whose description is too long.
    func fields(for caller: AuthInfo?, now: NumericDate) -> Checked<HTTPFields> {
        var fields = HTTPFields()
        fields.reserveCapacity(names.count)
        let values = [caller?.subject, caller?.issuer.description, caller?.clientID, caller?.scopes.description]
        for (name, value) in zip(standard, values) {
            guard let denial = Self.append(value, to: name, in: &fields) else { continue }
            return .denied(denial)
        }
        for (name, _, claim) in claims {
            let value = caller.flatMap { Self.text(of: claim, of: $0) }
            guard let denial = Self.append(value, to: name, in: &fields) else { continue }
            return .denied(denial)
        }
        if let (name, assertion) = assertion {
            let value: String?
            do { value = try caller.map { try assertion.text(for: $0, self.values(of: $0), now: now) } } catch {
                let diagnosis = Diagnosis("the assertion", expected: "a signature", found: "a failure of OpenSSL")
                return .denied(Denial(.verifierUnavailable, status: 503, retryAfter: 1, diagnosis: diagnosis))
            }
            if let denial = Self.append(value, to: name, in: &fields) { return .denied(denial) }
        }
        return .passed(fields)
    }

    /// The claims that are passed on, by the names of their fields.
    private func values(of caller: AuthInfo) -> [String: JSON] {
        var values: [String: JSON] = [:]
        for (_, field, claim) in claims { values[field] = Self.value(of: claim, of: caller) }
        return values
    }

    private static func append(_ value: String?, to name: HTTPField.Name, in fields: inout HTTPFields) -> Denial? {
        let encoded = encoded(value ?? "")
        guard encoded.utf8.count <= longestValue else {
            let diagnosis = Diagnosis(
                "field `\(name.rawName)`",
                expected: "at most \(longestValue) bytes",
                found: "\(encoded.utf8.count)"
            )
            return Denial(.identityTooLong, status: 403, diagnosis: diagnosis)
        }
        fields.append(HTTPField(name: name, value: encoded))
        return nil
    }

    private static func text(of claim: String, of caller: AuthInfo) -> String? {
        switch value(of: claim, of: caller) {
        case nil, .null?: nil
        case .string(let text)?: text
        case let value?: String(decoding: value.encoded(), as: UTF8.self)
        }
    }

    private static func value(of claim: String, of caller: AuthInfo) -> JSON? {
        claim.hasPrefix("/") ? caller.claims.value(at: claim) : caller.claims[claim]
    }

    /// A text as the value of a field.
    static func encoded(_ text: String) -> String {
        let bytes = text.utf8
        let isPlain = bytes.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "%") }
        if isPlain { return text }
        var encoded: [UInt8] = []
        encoded.reserveCapacity(bytes.count * 3)
        for (index, byte) in bytes.enumerated() {
            let isInner = index > 0 && index < bytes.count - 1
            if (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "%") || byte == 0x20 && isInner {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 15)]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
