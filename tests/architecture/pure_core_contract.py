"""An import-linter contract: a package may import itself and an allowlist of the standard library.

An allowlist, because a denylist lets every package in that nobody thought of.
"""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class PureCoreContract(Contract):
    """`allowed_modules` names what may be imported besides the package itself."""

    type_name = "pure_core"

    package = fields.StringField()
    allowed_modules = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        package, allowed = str(self.package), {str(name) for name in self.allowed_modules}
        found = sorted(
            (module, imported)
            for module in graph.find_descendants(package) | {package}
            for imported in graph.find_modules_directly_imported_by(module)
            if imported.partition(".")[0] not in allowed | {package}
        )
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for module, imported in check.metadata["found"]:
            output.print_error(f"{module} imports {imported}, which is not on the allowlist of {self.package}")
            output.new_line()
