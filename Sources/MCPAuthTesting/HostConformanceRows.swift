// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

extension HostConformance {
    /// The requests and the expected responses.
    public static let rows = topics.flatMap(\.rows)

    /// The same by topic.
    package static let topics: [(name: String, rows: [Row])] = [
        ("credentials", credentials), ("messages", messages), ("JSON", jsonTexts), ("Mcp-* fields", mcpFields),
        ("bodies", bodies), ("framing", framing), ("heads", heads), ("methods", methods), ("preflights", preflights),
        ("metadata", metadata), ("origins", origins), ("hosts", hosts), ("paths", paths), ("spoofing", spoofing),
        ("open resources", withoutToken), ("tool results", toolResults),
    ]

    // MARK: What several topics need

    /// A call of a tool.
    ///
    /// - Parameter more: Further members of `params`.
    static func call(_ name: String, _ more: String = "") -> String {
        #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\#(name)"\#(more)}}"#
    }

    /// A request without `params`.
    static func message(_ method: String, _ more: String = "") -> String {
        #"{"jsonrpc":"2.0","id":1,"method":"\#(method)"\#(more)}"#
    }

    /// A call that `/notes` and `/open` allow.
    static let good = call("good")
    /// A request that `/notes` allows.
    static let list = message("tools/list")

    /// The same call with an argument of this many bytes.
    static func pad(_ count: Int) -> String {
        call("good", #","arguments":{"pad":""# + String(repeating: "x", count: count) + #""}"#)
    }

    /// A page of this machine, which loopback resources allow.
    static let page = ("Origin", "http://localhost:6274")
    /// A page that no resource allows.
    static let foreignPage = ("Origin", "https://evil.example")
    static let garbage = Row.Credentials.field("Bearer garbage")
}
