// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// Reads the members of `server` that are for operators.
struct OperationReader {
    let context: ReadingContext

    func admin(_ server: ObjectReader) throws -> AdminSettings? {
        guard let object = try server.object("admin", allowing: ConfigurationGrammar.admin.keys) else { return nil }
        let listener = try object.required("listen", try ListenerReader.listener("listen", object))
        guard listener.isOnThisMachine else {
            let message =
                "`\(listener.description.printable)` can be reached from other machines, expected a unix socket, or a "
                + "loopback address such as 127.0.0.1:9900"
            throw object.error(.invalidValue, message, at: "listen")
        }
        return AdminSettings(listener, token: try context.bearerSecret("token", object))
    }

    func decisionLog(_ server: ObjectReader) throws -> DecisionLogSettings? {
        guard let object = try server.object("decision_log", allowing: ConfigurationGrammar.decisionLog.keys) else {
            return nil
        }
        let file = try object.required("file", try object.string("file"))
        guard !file.isEmpty else { throw object.error(.invalidValue, "expected a path, or `-`", at: "file") }
        return DecisionLogSettings(
            file: file == DecisionLogSettings.standardOutput ? file : context.path(file),
            allowedFraction: try Self.fraction("allowed_fraction", object) ?? 1,
            queue: Int(try object.integer(.decisionLogQueue) ?? NumberSetting.decisionLogQueue.standard)
        )
    }

    func tracing(_ server: ObjectReader) throws -> TracingSettings? {
        guard let object = try server.object("tracing", allowing: ConfigurationGrammar.tracing.keys) else { return nil }
        let text = try object.required("endpoint", try object.string("endpoint"))
        guard let endpoint = HTTPURL(text) else {
            throw object.error(.invalidValue, "`\(text.printable)` is not an absolute https URL", at: "endpoint")
        }
        let allowsHTTP = try server.boolean("dangerously_allow_http") ?? false
        guard endpoint.isSecure || allowsHTTP else {
            let message =
                "`\(text.printable)` is not https; plain http needs a loopback address or `dangerously_allow_http`"
            throw object.error(.invalidValue, message, at: "endpoint")
        }
        return TracingSettings(
            endpoint,
            sampledFraction: try Self.fraction("sampled_fraction", object) ?? 1,
            dangerouslyAllowsHTTP: allowsHTTP
        )
    }

    private static func fraction(_ key: String, _ object: ObjectReader) throws -> Double? {
        guard let fraction = try object.number(key) else { return nil }
        guard (0...1).contains(fraction) else {
            throw object.error(.invalidValue, "expected a number from 0 to 1", at: key)
        }
        return fraction
    }
}

extension ConfigurationFile.Listener {
    /// Whether only programs on this machine can connect: a unix socket, or a loopback address.
    package var isOnThisMachine: Bool {
        socketPath != nil || host == "localhost" || AddressRange.loopback.contains { $0.contains(host) }
    }
}
