// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import Foundation
internal import MCPAuth
internal import MCPAuthCore

/// `mcp-auth init`: writes the files of a new protected resource, and checks them.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a configuration, a policy with tests and the configuration of a proxy, and check all of them.",
        discussion: """
            On a terminal it asks for what the options do not say. Otherwise it needs --resource, --issuer, --proxy, \
            --directory and, with a proxy, --upstream. All files are written or none, and a file that exists stays as \
            it is, unless there is --force.

            Afterwards it runs `mcp-auth check`, `mcp-auth policy test` and, if the program of the proxy is installed, \
            its own check. The exit code is 3 if one of them fails; the files are then there to be corrected.

              mcp-auth init --resource https://mcp.example/mcp --issuer https://auth.example.com/ --proxy nginx \
            --upstream 127.0.0.1:9002 --directory mcp-auth
            """
    )

    @Option(help: "The URL that clients use for the resource.")
    var resource: String?

    @Option(help: "The issuer identifier of the authorization server.")
    var issuer: String?

    @Option(help: "The provider profile of the issuer; `mcp-auth provider profiles` lists them.")
    var provider: String?

    @Option(help: "The proxy in front of the resource.")
    var proxy: InitProxy?

    @Option(help: "The host and port of the MCP server behind the proxy.")
    var upstream: String?

    @Option(help: "The folder that is written to.")
    var directory: String?

    @Option(help: "A scope that every caller needs; may be repeated.")
    var scope: [String] = []

    @Flag(help: "Replace files that exist.")
    var force = false

    func run() async throws {
        var answers = InitAnswers(mayReplace: force)
        try read(into: &answers)
        let missing = answers.missing
        if !missing.isEmpty {
            guard Self.isInteractive else {
                let needed = missing.map { "missing \($0.option): \($0.meaning)" }.joined(separator: "; ")
                throw ValidationError(needed)
            }
            try InitInterview().complete(&answers)
        }
        let plan = try InitPlan(answers)
        try NewFiles(plan.files, in: plan.directory).write(replacing: force)
        say(plan)
        try await check(plan)
    }

    /// Whether somebody can answer questions.
    private static var isInteractive: Bool { isatty(FileHandle.standardInput.fileDescriptor) == 1 }

    /// Reads the options; one that is wrong is an error of usage.
    private func read(into answers: inout InitAnswers) throws {
        if let proxy { answers.proxy = proxy }
        var options: [(InitQuestion, String)] = []
        if let resource { options.append((.resource, resource)) }
        // The profile decides what is right for the issuer.
        if let provider { options.append((.provider, provider)) }
        if let issuer { options.append((.issuer, issuer)) }
        if let upstream { options.append((.upstream, upstream)) }
        if let directory { options.append((.directory, directory)) }
        for (question, text) in options { try read(text, as: question, into: &answers) }
        for text in scope { try read(text, as: .scopes, into: &answers) }
        guard answers.upstream == nil || proxy != .noProxy else {
            throw ValidationError("--upstream: without a proxy it has no use, expected a --proxy, or no --upstream")
        }
    }

    private func read(_ text: String, as question: InitQuestion, into answers: inout InitAnswers) throws {
        do throws(WrongAnswer) {
            try answers.read(text, as: question)
        } catch {
            throw ValidationError("\(question.option): \(error)")
        }
    }

    private func say(_ plan: InitPlan) {
        Output.line("wrote to \(plan.directory.printable):")
        let width = plan.files.map(\.path.count).max() ?? 0
        for file in plan.files {
            let padding = String(repeating: " ", count: width - file.path.count)
            Output.line("  \(file.path)\(padding)  \(file.purpose)")
        }
    }

    /// Checks what was written as the commands for it do, and prints what to do next.
    private func check(_ plan: InitPlan) async throws {
        let tests = try PolicyCommand.Test.parse([plan.policyPath])
        try await tests.run()
        let configuration = try CheckCommand.parse(["--config", plan.configurationPath])
        try await configuration.run()
        let isGood = await checkProxy(plan)
        if let provider = plan.provider {
            Output.line("what to know about \(provider): mcp-auth provider profiles \(provider)")
        }
        Output.line("next:")
        let path = ShellWord.quoted(plan.configurationPath)
        Output.line("  mcp-auth check --config \(path) --online")
        Output.line("  mcp-auth serve --config \(path)")
        if !isGood { throw ProgramExit.invalid }
    }

    private func checkProxy(_ plan: InitPlan) async -> Bool {
        guard let proxy = plan.proxy else { return true }
        let files = plan.files.filter(\.isForProxy)
        let names = files.map(\.path).joined(separator: ", ")
        switch await ProxyCheck(proxy, files).run() {
        case .passed(let command): Output.line("\(names): ok (\(command))")
        case .unavailable(let reason): Output.line("\(names): not checked: \(reason)")
        case .failed(let command, let output):
            Output.error("\(names): \(command) found a mistake:")
            for line in output { Output.error("  \(line.escaped)") }
            Output.error("  if it is a host name that is known only where the proxy runs, check it again there")
            return false
        }
        return true
    }
}
#endif
