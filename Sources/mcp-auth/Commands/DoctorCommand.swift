// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON

/// `mcp-auth doctor`: looks at a running resource from outside, and says what clients will stumble over.
struct DoctorCommand: AsyncParsableCommand {
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text
        case json
    }

    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Examine a running protected resource from outside, as a client sees it.",
        discussion: """
            Sends requests without a token, with invalid tokens and as a web page would, follows the metadata, and \
            examines the authorization servers that it names. It needs no token and no configuration file, and the \
            resource may be protected by any software.

            The exit code is 3 if there is an error, 12 if a server does not answer, and otherwise 0. `docs/codes.md` \
            explains each code.

              mcp-auth doctor https://mcp.example/mcp
              mcp-auth doctor http://127.0.0.1:9080/notes --format json
            """
    )

    @Option(help: "`text` or `json`.")
    var format = Format.text

    @Option(
        help: """
            The origin of the web page that the examination of CORS stands for; by default `https://client.example`, \
            and for a resource on this machine `http://localhost:6274`.
            """
    )
    var origin: String?

    @Flag(help: "The resource is in a private network, and may name other servers there.")
    var privateNetwork = false

    @Argument(help: "The URL that clients use for the resource.")
    var url: String

    func validate() throws {
        guard let origin else { return }
        guard let url = HTTPURL(origin), url.origin.isExactly(origin) else {
            throw ValidationError("--origin `\(origin.printable)` is not an origin, such as `https://app.example.com`")
        }
    }

    func run() async throws {
        let resource = try ResourceIdentifier(url)
        let isHere = HTTPURL(url)?.isLoopback ?? false
        let page = origin ?? (isHere ? "http://localhost:6274" : "https://client.example")
        let report = await MCPAuth.doctor(resource, origin: page, isPrivate: privateNetwork)
        switch format {
        case .text: print(report)
        case .json: Output.json(json(report))
        }
        if report.isWrong { throw ProgramExit.invalid }
        if report.isUnreachable { throw ProgramExit.unavailable }
    }

    private func print(_ report: DoctorReport) {
        for finding in report.findings {
            let padding = String(repeating: " ", count: 9 - finding.severity.rawValue.count)
            let expected = finding.expected.map { ", expected \($0)" } ?? ""
            let text = "\(finding.code): \(finding.place): \(finding.message)\(expected)"
            Output.line("\(finding.severity.rawValue)\(padding)\(text)".escaped)
        }
        let counts = [(DoctorReport.Severity.error, "error"), (.warning, "warning")].map { severity, noun in
            let count = report.findings.count { $0.severity == severity }
            return "\(count) \(noun)\(count == 1 ? "" : "s")"
        }
        Output.line(counts.joined(separator: ", "))
    }

    private func json(_ report: DoctorReport) -> JSON {
        let findings = report.findings.map { finding in
            var members: [String: JSON] = [
                "severity": .string(finding.severity.rawValue), "code": .string(finding.code),
                "place": .string(finding.place), "message": .string(finding.message),
            ]
            members["expected"] = finding.expected.map(JSON.string)
            return JSON.object(members)
        }
        return ["resource": .string(url), "findings": .array(findings)]
    }
}
#endif
