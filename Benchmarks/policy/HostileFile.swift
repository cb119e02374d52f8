// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Policy files that are made to be expensive.
enum HostileFile: String, CaseIterable {
    case deepNesting = "nested brackets"
    case deepCondition = "nested conditions"
    case tooLarge = "white space"
    case duplicateKeys = "a key given twice, at the end"
    case unknownKey = "an unknown key at the end"
    case nul = "NUL in a string"
    case circle = "scopes in a circle"
    case chain = "a chain of scopes"
    case glob = "a huge pattern"
    case stars = "patterns of stars"
    case manyRules = "as many rules as fit"

    func bytes(kilobytes: Int) -> [UInt8] {
        let size = kilobytes * 1024
        func rules(_ text: String) -> String { #"{"version":1,"rules":[\#(text)]}"# }
        func filled(_ piece: (Int) -> String, _ frame: (String) -> String) -> String {
            var pieces: [String] = []
            var length = 0
            while length < size - 200 {
                pieces.append(piece(pieces.count))
                length += pieces[pieces.count - 1].utf8.count + 1
            }
            return frame(pieces.joined(separator: ","))
        }
        let rule = #"{"id":"r","effect":"allow","targets":"any"}"#
        let text =
            switch self {
            case .deepNesting: String(repeating: "[", count: size)
            case .deepCondition:
                #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","when":"#
                    + String(repeating: #"{"not":"#, count: size / 8)
            case .tooLarge: #"{"version":1}"# + String(repeating: " ", count: size)
            case .duplicateKeys:
                filled({ #""k\#($0)":1"# }, { #"{"version":1,\#($0),"version":1}"# })
            case .unknownKey:
                filled(
                    { #"{"id":"r\#($0)","effect":"allow","targets":"any"}"# },
                    { #"{"version":1,"rules":[\#($0)],"ruels":[]}"# }
                )
            case .nul: rules(rule + #","\u0000\#(String(repeating: "a", count: size))""#)
            case .circle:
                filled(
                    { #""s\#($0)":["s\#($0 + 1)"]"# },
                    { #"{"version":1,"scope_implies":{\#($0),"x":["x"]}}"# }
                )
            case .chain:
                filled({ #""s\#($0)":["s\#($0 + 1)"]"# }, { #"{"version":1,"scope_implies":{\#($0)}}"# })
            case .glob:
                rules(#"{"id":"r","effect":"allow","tools":["\#(String(repeating: "*a", count: size / 2 - 100))"]}"#)
            case .stars:
                filled(
                    { #"{"id":"r\#($0)","effect":"allow","tools":["\#(String(repeating: "*a", count: 200))"]}"# },
                    rules
                )
            case .manyRules:
                filled(
                    { #"{"id":"r\#($0)","effect":"allow","tools":["t\#($0)"],"scopes":{"all":["s\#($0)"]}}"# },
                    rules
                )
            }
        return Array(text.utf8)
    }
}
