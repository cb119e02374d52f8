// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import Testing

/// One fault of a resource or of its authorization server, and the finding that `mcp-auth doctor` must have about it.
struct DoctorFault: Sendable, CustomTestStringConvertible {
    let code: String
    let isError: Bool
    let change: LoopbackResource.Change

    var testDescription: String { code }

    private static func error(_ code: String, _ change: @escaping LoopbackResource.Change) -> DoctorFault {
        DoctorFault(code: code, isError: true, change: change)
    }

    private static func warning(_ code: String, _ change: @escaping LoopbackResource.Change) -> DoctorFault {
        DoctorFault(code: code, isError: false, change: change)
    }

    static let all = challenges + documents + issuers + credentials + pages

    private static let metadata = "/.well-known/oauth-protected-resource/mcp"
    private static let issuer = "/.well-known/oauth-authorization-server"

    /// Changes the challenges of the resource.
    private static func challenge(
        _ change: @escaping @Sendable (String) -> String?
    ) -> LoopbackResource.Change {
        { request, answer in
            var answer = answer
            answer.fields["www-authenticate"] = answer.fields["www-authenticate"].flatMap(change)
            return answer
        }
    }

    /// Changes the answers at a path.
    private static func answer(
        at path: String,
        _ method: String? = nil,
        _ change: @escaping @Sendable (inout LoopbackResource.Answer) -> Void
    ) -> LoopbackResource.Change {
        { request, answer in
            guard request.path == path, method ?? request.method == request.method else { return answer }
            var answer = answer
            change(&answer)
            return answer
        }
    }

    /// Changes the answers of the resource to requests of one kind.
    private static func refusal(
        _ isMeant: @escaping @Sendable (LoopbackResource.Request) -> Bool,
        _ change: @escaping @Sendable (inout LoopbackResource.Answer) -> Void
    ) -> LoopbackResource.Change {
        { request, answer in
            guard request.path == "/mcp", request.method == "POST", isMeant(request) else { return answer }
            var answer = answer
            change(&answer)
            return answer
        }
    }

    private static func token(of request: LoopbackResource.Request) -> String {
        request.values(of: "authorization").first ?? ""
    }

    private static let challenges: [DoctorFault] = [
        error("not_protected", refusal({ _ in true }) { $0.status = 200 }),
        warning("open_without_token", refusal({ token(of: $0).isEmpty }) { $0.status = 200 }),
        error("unauthenticated_status", refusal({ token(of: $0).isEmpty }) { $0.status = 403 }),
        error("challenge_missing", challenge { _ in nil }),
        error("challenge_malformed", challenge { $0.replacing("\"read\",", with: "\"read\"") }),
        error("challenge_not_bearer", challenge { $0.replacing("Bearer ", with: "DPoP ") }),
        warning("challenge_not_first", challenge { "Negotiate, " + $0 }),
        error("challenge_not_lower_case", challenge { $0.replacing("resource_metadata", with: "Resource_Metadata") }),
        error("challenge_spaces", challenge { $0.replacing("resource_metadata=", with: "resource_metadata = ") }),
        error("challenge_misread", challenge { $0.replacing("scope=", with: "realm=\"scope=all\", scope=") }),
        warning("challenge_scope_invalid", challenge { $0.replacing("\"read\"", with: "\"\"") }),
        warning("error_without_credentials", challenge { $0.replacing("Bearer s", with: "Bearer error=\"x\", s") }),
        warning("resource_metadata_missing", challenge { String($0.prefix { $0 != "," }) }),
        error("resource_metadata_url_invalid", challenge { $0.replacing("http:", with: "") }),
        error("no_answer") { token(of: $0).isEmpty ? $1 : nil },
    ]

    private static let documents: [DoctorFault] = [
        error("resource_metadata_status", answer(at: metadata) { $0.status = 500 }),
        error("resource_metadata_not_json", answer(at: metadata) { $0.body = "<html></html>" }),
        error("resource_metadata_not_json", answer(at: metadata) { $0.fields["content-encoding"] = "gzip" }),
        warning("resource_metadata_content_type", answer(at: metadata) { $0.fields["content-type"] = "text/plain" }),
        error("resource_differs", answer(at: metadata) { $0.body.replace("/mcp\"", with: "/other\"") }),
        error("resource_differs", answer(at: metadata) { $0.body.replace("\"resource\"", with: "\"Resource\"") }),
        warning("resource_is_parent", answer(at: metadata) { $0.body.replace("/mcp\"", with: "/\"") }),
        error("authorization_servers_missing", answer(at: metadata) { $0.body.replace("_servers", with: "_server") }),
        error("authorization_server_invalid", answer(at: metadata) { $0.body.replace("[\"http", with: "[\"ftp") }),
        error(
            "bearer_method_missing",
            answer(at: metadata) { $0.body.replace("{", with: #"{ "bearer_methods_supported": ["body"],"#) }
        ),
        // The document is only at the URL that the challenge names.
        warning("well_known_missing") { request, answer in
            var answer = answer
            answer.fields["www-authenticate"]?.replace(metadata, with: "/metadata")
            if request.path == metadata { answer.status = 404 }
            if request.path == "/metadata" {
                let origin = "http://" + (request.values(of: "host").first ?? "")
                answer.status = 200
                answer.fields["content-type"] = "application/json"
                answer.body = #"{ "resource": "\#(origin)/mcp", "authorization_servers": ["\#(origin)"] }"#
            }
            return answer
        },
        error("well_known_missing") { request, answer in
            var answer = answer
            answer.fields["www-authenticate"] = "Bearer"
            if request.path == metadata { answer.status = 404 }
            return answer
        },
        warning("resource_metadata_documents_differ") { request, answer in
            var answer = answer
            answer.fields["www-authenticate"]?.replace(metadata, with: "/metadata")
            if request.path == "/metadata" {
                let origin = "http://" + (request.values(of: "host").first ?? "")
                answer.status = 200
                answer.fields["content-type"] = "application/json"
                answer.body =
                    #"{ "resource": "\#(origin)/mcp", "authorization_servers": ["\#(origin)", "\#(origin)/other"] }"#
            }
            return answer
        },
        warning(
            "resource_metadata_other_origin",
            challenge { $0.replacing("127.0.0.1", with: "localhost") }
        ),
    ]

    private static let issuers: [DoctorFault] = [
        error("pkce_not_supported", answer(at: issuer) { $0.body.replace("code_challenge_methods", with: "x") }),
        warning(
            "dynamic_registration_not_supported",
            answer(at: issuer) { $0.body.replace("registration_e", with: "x") }
        ),
        error("document_absent", answer(at: issuer) { $0.status = 404 }),
        error("no_usable_key", answer(at: "/jwks") { $0.body = #"{ "keys": [] }"# }),
        warning(
            "issuers_left_out",
            answer(at: metadata) { answer in
                let others = (1...4).map { ", \"http://127.0.0.1:1/\($0)\"" }.joined()
                answer.body.replace("]", with: others + "]")
            }
        ),
    ]

    private static let credentials: [DoctorFault] = [
        error(
            "invalid_token_accepted",
            refusal({ token(of: $0).contains("invalid-token") && $0.values(of: "authorization").count == 1 }) {
                $0.status = 200
            }
        ),
        error("unsigned_token_accepted", refusal({ token(of: $0).hasPrefix("Bearer eyJ") }) { $0.status = 200 }),
        error("invalid_token_status", refusal({ token(of: $0).hasPrefix("Bearer eyJ") }) { $0.status = 500 }),
        warning(
            "invalid_token_error_missing",
            challenge { $0.replacing("error=\"invalid_token\", ", with: "") }
        ),
        error(
            "two_credentials_accepted",
            refusal({ $0.values(of: "authorization").count == 2 }) { $0.status = 200 }
        ),
        error("two_credentials_status", refusal({ $0.values(of: "authorization").count == 2 }) { $0.status = 500 }),
        warning("two_credentials_status", refusal({ $0.values(of: "authorization").count == 2 }) { $0.status = 401 }),
        error("query_token_accepted", refusal({ $0.target.contains("access_token") }) { $0.status = 200 }),
        error(
            "query_token_read",
            refusal({ $0.target.contains("access_token") }) {
                $0.fields["www-authenticate"]?.replace("scope", with: "error=\"invalid_token\", scope")
            }
        ),
    ]

    private static let pages: [DoctorFault] = [
        warning("preflight_status", answer(at: "/mcp", "OPTIONS") { $0.status = 401 }),
        warning(
            "preflight_not_shared",
            answer(at: "/mcp", "OPTIONS") { $0.fields["access-control-allow-origin"] = nil }
        ),
        warning("preflight_fields", answer(at: "/mcp", "OPTIONS") { $0.fields["access-control-allow-headers"] = "*" }),
        warning("challenge_not_exposed", answer(at: "/mcp") { $0.fields["access-control-expose-headers"] = nil }),
        warning(
            "resource_metadata_not_shared",
            answer(at: metadata) { $0.fields["access-control-allow-origin"] = "https://other.example" }
        ),
    ]
}
#endif
