// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import Foundation
internal import MCPAuth
internal import MCPAuthCore

/// Asks on the terminal for what the options of `mcp-auth init` did not say; questions go to standard error.
///
/// An answer that is wrong is asked for again, with what is wrong and what would be right.
struct InitInterview {
    func complete(_ answers: inout InitAnswers) throws {
        for question in InitQuestion.allCases where isOpen(question, answers) { try ask(question, &answers) }
    }

    /// Whether a question has no answer yet; those that need none are asked too.
    private func isOpen(_ question: InitQuestion, _ answers: InitAnswers) -> Bool {
        switch question {
        case .provider: answers.provider == nil && answers.issuer == nil
        case .scopes: answers.scopes.isEmpty
        default: answers.missing.contains(question)
        }
    }

    private func ask(_ question: InitQuestion, _ answers: inout InitAnswers) throws {
        Output.error(text(of: question, answers))
        while true {
            try? FileHandle.standardError.write(contentsOf: Data("> ".utf8))
            guard let line = readLine() else {
                Output.error("the input ended before \(question.option) was answered; nothing was written")
                throw ProgramExit.usage
            }
            let blanks: Set<Character> = [" ", "\t", "\r"]
            let start = line.drop { blanks.contains($0) }
            let answer = start.lastIndex { !blanks.contains($0) }.map { String(start[...$0]) } ?? ""
            if answer.isEmpty {
                if isOptional(question) { return }
                if let standard = standard(question) {
                    if accept(standard, question, &answers) { return }
                    continue
                }
            }
            if accept(answer, question, &answers) { return }
        }
    }

    /// Takes an answer, or says what is wrong with it.
    private func accept(_ text: String, _ question: InitQuestion, _ answers: inout InitAnswers) -> Bool {
        do throws(WrongAnswer) {
            try answers.read(text, as: question)
            return true
        } catch {
            Output.error("\(error)")
            return false
        }
    }

    private func isOptional(_ question: InitQuestion) -> Bool { question == .provider || question == .scopes }

    private func standard(_ question: InitQuestion) -> String? { question == .directory ? "mcp-auth" : nil }

    private func text(of question: InitQuestion, _ answers: InitAnswers) -> String {
        let start = question.meaning.prefix(1).uppercased() + question.meaning.dropFirst()
        switch question {
        case .provider:
            let names = ProviderProfile.names.joined(separator: ", ")
            return "\(start), if it is one of \(names); empty for none:"
        case .issuer:
            let profile = answers.provider.flatMap { try? ProviderProfile.named($0) }
            return profile.map { "The issuer identifier, of the form `\($0.issuerForm)`:" } ?? start + ":"
        case .scopes: return "\(start), with a space between them; empty if a valid token is enough:"
        case .directory: return "\(start); empty for `mcp-auth`:"
        case .resource, .proxy, .upstream: return start + ":"
        }
    }
}
#endif
