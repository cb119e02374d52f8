// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthPolicyTools

/// The files that `mcp-auth init` writes.
struct InitPlan {
    static let configurationName = "mcp-auth.json"

    let directory: String
    let files: [NewFiles.File]
    let provider: String?
    /// The proxy; `nil` for none.
    let proxy: InitProxy?
    private let policyName: String

    var configurationPath: String { directory + "/" + Self.configurationName }
    var policyPath: String { "\(directory)/policies/\(policyName).json" }

    /// - Throws: `ConfigurationError` if an answer is missing.
    init(_ answers: InitAnswers) throws {
        guard let resource = answers.resource, let issuer = answers.issuer, let directory = answers.directory,
            let proxy = answers.proxy, answers.upstream != nil || proxy == .noProxy
        else {
            let missing = answers.missing.map(\.option).joined(separator: ", ")
            throw ConfigurationError(.missingKey, "there is no answer to \(missing)")
        }
        self.directory = directory
        provider = answers.provider
        self.proxy = proxy == .noProxy ? nil : proxy
        policyName = Self.name(of: resource)
        let ports = InitPorts(besides: answers.upstream)
        let scopes = "[" + answers.scopes.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
        // All values are URLs, names and scopes, which have no character that JSON must escape.
        var values = [
            "name": policyName, "resource": resource.description, "resource_host": resource.url.host,
            "issuer": issuer.description, "provider": answers.provider.map { ", \"provider\": \"\($0)\"" } ?? "",
            "scopes": scopes, "scope": answers.scopes.joined(separator: " "),
            "scopes_supported": answers.scopes.isEmpty ? "" : ", \"scopes_supported\": \(scopes)",
            "proxy_port": "\(ports.proxy)", "metadata_port": "\(ports.metadata)", "verify_port": "\(ports.verify)",
            "listener": proxy.listener(port: ports.verify),
        ]
        if let upstream = answers.upstream {
            values["upstream"] = upstream.text
            values["upstream_address"] = upstream.yamlHost
            values["upstream_port"] = "\(upstream.port)"
            values["upstream_type"] = upstream.isAddress ? "STATIC" : "STRICT_DNS"
        }
        files = try Self.ownFiles(answers, values, policyName) + Self.proxyFiles(proxy, values, ports)
    }

    private static func ownFiles(
        _ answers: InitAnswers,
        _ values: [String: String],
        _ name: String
    ) throws -> [NewFiles.File] {
        var policy = PackageResources.init_policy_json_template
        var tests = PackageResources.init_policy_test_json_template
        if !answers.scopes.isEmpty {
            policy = PackageResources.init_policy_scopes_json_template
            tests = PackageResources.init_policy_scopes_test_json_template
        }
        func formatted(_ path: String, _ template: [UInt8], _ purpose: String) throws -> NewFiles.File {
            let text = try PolicyFormat.format(file: path, bytes: TemplateText.filled(template, values))
            return NewFiles.File(path: path, text: text, purpose: purpose)
        }
        return [
            NewFiles.File(
                path: configurationName,
                text: TemplateText.filled(PackageResources.init_mcp_auth_json_template, values),
                purpose: "the resource, its authorization server and where mcp-auth listens"
            ),
            try formatted("policies/\(name).json", policy, "who may do what"),
            try formatted("policies/\(name).test.json", tests, "tests of the policy"),
        ]
    }

    private static func proxyFiles(
        _ proxy: InitProxy,
        _ values: [String: String],
        _ ports: InitPorts
    ) -> [NewFiles.File] {
        let listening = "\(proxy.product) on 127.0.0.1:\(ports.proxy); in this folder: \(proxy.start)"
        return proxy.templates.enumerated().map { index, template in
            NewFiles.File(
                path: template.name,
                text: TemplateText.filled(template.text, values),
                purpose: index == 0 ? listening : "a part of \(proxy.templates[0].name)",
                isForProxy: true
            )
        }
    }

    /// A name for the files of the policy: the last part of the path, or the first part of the host.
    private static func name(of resource: ResourceIdentifier) -> String {
        let parts = resource.url.path.split(separator: "/").reversed() + resource.url.host.split(separator: ".")
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789-")
        let names = parts.map { part in part.lowercased().filter(allowed.contains).drop { $0 == "-" } }
        return names.first { !$0.isEmpty }.map { String($0.prefix(40)) } ?? "resource"
    }
}

/// The ports of the proxy and of mcp-auth: those of the examples, unless the server behind the proxy has one of them.
struct InitPorts {
    let proxy: Int
    let metadata: Int
    let verify: Int

    init(besides upstream: InitUpstream?) {
        let taken = upstream?.port
        proxy = taken == 8000 ? 8080 : 8000
        metadata = taken == 9000 ? 9010 : 9000
        verify = taken == 9001 ? 9011 : 9001
    }
}
#endif
