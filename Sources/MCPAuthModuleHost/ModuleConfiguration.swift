// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
package import MCPAuthCore
package import MCPAuthJSON

/// The `config` of a module as its instances receive it, checked against the schema and by the module itself.
package struct ModuleConfiguration: Sendable {
    /// A mistake, and its position in `config`.
    package struct Mistake: Error {
        package let code: ConfigurationError.Code
        package let message: String
        /// A pointer into `config`.
        package let place: JSONPointer
        /// Whether the name of the member is wrong, rather than its value.
        package let isAboutName: Bool
    }

    let component: ModuleComponent
    /// The top-level strings of the configuration, by name.
    let strings: [String: String]
    /// The configuration as JSON.
    let text: [UInt8]

    /// Checks a configuration.
    ///
    /// - Parameters:
    ///   - configuration: The value of `config` in the configuration file.
    ///   - resolvePath: Converts a path as written to the path that the module receives.
    /// - Throws: ``Mistake`` for the first mistake, with what is expected.
    package init(
        _ configuration: JSON,
        of component: ModuleComponent,
        limits: ModuleLimits = ModuleLimits(),
        resolvePath: (String) -> String
    ) throws(Mistake) {
        guard case .object = configuration else {
            throw Mistake(code: .wrongType, message: "`config` must be an object", place: .root, isAboutName: false)
        }
        let resolved: JSON
        do throws(ModuleSchema.Mistake) {
            resolved = try component.schema.resolved(configuration, at: .root, resolvePath)
        } catch {
            throw Mistake(code: error.code, message: error.message, place: error.place, isAboutName: error.isAboutName)
        }
        self.component = component
        strings =
            if case .object(let members) = resolved { members.compactMapValues(\.string) } else { [:] }
        text = resolved.encoded()
        if let mistake = try firstMistake(limits) { throw mistake }
    }

    /// Passes the JSON text to C; the pointer is valid only during `body`.
    func withText<Result>(_ body: (UnsafePointer<CChar>?, Int) -> Result) -> Result {
        unsafe text.withUnsafeBytes { buffer in
            unsafe body(buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
    }

    /// A configuration that another process has checked.
    ///
    /// - Parameter text: An object.
    init?(checked text: [UInt8], of component: ModuleComponent) {
        guard let configuration = try? JSON(parsing: text), case .object(let members) = configuration else {
            return nil
        }
        self.component = component
        self.text = text
        strings = members.compactMapValues(\.string)
    }

    /// The first mistake that `validate` of the module reports.
    private func firstMistake(_ limits: ModuleLimits) throws(Mistake) -> Mistake? {
        let first: Report.Entry?
        switch component.home {
        case .thisProcess(let functions):
            do throws(ConfigurationError) {
                first = try firstEntry(of: functions, within: limits.setupSeconds)
            } catch {
                throw refused(error)
            }
        case .ownProcess(let program):
            do throws(ModuleProgram.Refusal) {
                first = try program.firstMistake(self, within: limits.setupSeconds)
            } catch {
                throw refused(error.error(or: component.refused))
            }
        }
        guard let first else { return nil }
        return Mistake(
            code: .invalidValue,
            message: "`config\(first.pointer.printable)`: \(first.message.escaped)",
            place: JSONPointer(first.pointer) ?? .root,
            isAboutName: false
        )
    }

    private func refused(_ error: ConfigurationError) -> Mistake {
        Mistake(code: error.code, message: error.message, place: .root, isAboutName: false)
    }

    /// What `validate` reports.
    struct Report: Sendable {
        struct Entry: Sendable {
            let pointer: String
            let message: String
        }

        var first: Entry?
    }

    /// The first mistake that `validate` of a module in this process reports.
    ///
    /// - Throws: ``ConfigurationError`` with the code `moduleRefused` if it does not return in time.
    func firstEntry(of functions: ModuleFunctions, within seconds: Double) throws(ConfigurationError) -> Report.Entry? {
        guard unsafe functions.validate != nil else { return nil }
        switch OwnThread.result(within: seconds, { self.report(of: functions) }) {
        case .value(let report): return report.first
        case .late: throw component.refused("`validate` did not return within \(seconds.asWritten) seconds")
        case .noThread: throw component.refused(OwnThread.noThread)
        }
    }

    /// Calls `validate` of the module on this thread.
    private func report(of functions: ModuleFunctions) -> Report {
        var report = Report()
        unsafe withUnsafeMutablePointer(to: &report) { place in
            unsafe withText { text, length in
                unsafe functions.validate?(text, length, place) { place, pointer, message in
                    guard let report = unsafe place?.assumingMemoryBound(to: Report.self) else { return }
                    guard unsafe report.pointee.first == nil else { return }
                    unsafe report.pointee.first = Report.Entry(pointer: pointer.text, message: message.text)
                }
            }
        }
        return report
    }
}
