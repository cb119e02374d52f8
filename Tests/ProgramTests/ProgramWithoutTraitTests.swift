// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if !Programs
import Testing

/// The programs when they are built without the trait `Programs`.
@Suite struct ProgramWithoutTraitTests {
    @Test(arguments: ["mcp-auth", "mcp-auth-dev"])
    func `a program without its trait says how to build it, and fails`(name: String) throws {
        let run = try Program.run(["plugin", "test"], of: name)
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(
            run.error == "\(name) was built without the trait `Programs`: swift build --traits Programs\n"
        )
    }
}
#endif
