/** Something that stands in a source file, by the line it stands in. */
export interface Finding {
  readonly line: number;
  /** For an import what it imports, otherwise the thing as one would write it. */
  readonly text: string;
}

/** What the checks want to know of a source file. */
export interface SourceFindings {
  /** Every import: static, dynamic, of types, of a re-export, of a type position, of a comment. */
  readonly imports: readonly Finding[];
  /** Syntax and functions that some supported runtime lacks. */
  readonly tooNew: readonly Finding[];
  /** Times and timers that do not come from a `Clock`. */
  readonly times: readonly Finding[];
}

const TOO_NEW_MEMBERS = new Set([
  "Promise.withResolvers",
  "Promise.try",
  "Array.fromAsync",
  "ReadableStream.from",
  "Iterator.from",
]);
const TOO_NEW_NAMES = new Set(["DisposableStack", "AsyncDisposableStack", "SuppressedError"]);
const TIME_MEMBERS = new Set(["Date.now", "performance.now", "AbortSignal.timeout", "AbortSignal.any"]);
const TIMER_NAMES = new Set(["setTimeout", "setInterval", "clearTimeout", "clearInterval"]);

/** Parses a file with the parser of `deno lint`; works only in `deno test`. */
export function findInSource(path: string, text: string): SourceFindings {
  const diagnostics = Deno.lint.runPlugin(plugin, path, text);
  const found = (rule: string) =>
    diagnostics
      .filter(({ id }) => id === `source/${rule}`)
      .map(({ range, message }) => ({ line: text.slice(0, range[0]).split("\n").length, text: message }))
      .sort((a, b) => a.line - b.line);
  return { imports: found("imports"), tooNew: found("too-new"), times: found("times") };
}

const imports: Deno.lint.Rule = {
  create(context) {
    const report = (node: Deno.lint.Node, source: Deno.lint.Node | null | undefined): void => {
      if (source === null || source === undefined) return;
      const isText = source.type === "Literal" && typeof source.value === "string";
      context.report({ node, message: isText ? String(source.value) : context.sourceCode.getText(source) });
    };
    return {
      ImportDeclaration: (node) => report(node, node.source),
      ExportAllDeclaration: (node) => report(node, node.source),
      ExportNamedDeclaration: (node) => report(node, node.source),
      ImportExpression: (node) => report(node, node.source),
      TSImportType: (node) => report(node, "literal" in node.argument ? node.argument.literal : node.argument),
      TSExternalModuleReference: (node) => report(node, node.expression),
      Program() {
        for (const { value, range } of context.sourceCode.getAllComments()) {
          const specifier = /^\s*@(?:ts-types|deno-types)\s*=\s*["']([^"']+)/.exec(value)?.[1] ??
            /^\/\s*<reference\s+(?:path|types)\s*=\s*["']([^"']+)/.exec(value)?.[1];
          if (specifier !== undefined) context.report({ range, message: specifier });
        }
      },
    };
  },
};

const tooNew: Deno.lint.Rule = {
  create(context) {
    return {
      VariableDeclaration(node) {
        if (node.kind === "using" || node.kind === "await using") context.report({ node, message: node.kind });
      },
      MemberExpression(node) {
        const name = nameOfMember(node);
        if (TOO_NEW_MEMBERS.has(name)) context.report({ node, message: name });
      },
      Identifier(node) {
        if (TOO_NEW_NAMES.has(node.name)) context.report({ node, message: node.name });
      },
    };
  },
};

const times: Deno.lint.Rule = {
  create(context) {
    return {
      MemberExpression(node) {
        const name = nameOfMember(node);
        if (TIME_MEMBERS.has(name) || TIMER_NAMES.has(name)) context.report({ node, message: name });
      },
      Identifier(node) {
        if (TIMER_NAMES.has(node.name) && !isNameOfMember(node)) context.report({ node, message: node.name });
      },
      NewExpression(node) {
        if (node.callee.type === "Identifier" && node.callee.name === "Date" && node.arguments.length === 0) {
          context.report({ node, message: "new Date()" });
        }
      },
    };
  },
};

const plugin: Deno.lint.Plugin = { name: "source", rules: { imports, "too-new": tooNew, times } };

/**
 * `Date.now` for `Date.now`, `globalThis.Date.now` and `Date["now"]`; a global's own name for `globalThis.setTimeout`.
 */
function nameOfMember({ object, property, computed }: Deno.lint.MemberExpression): string {
  const key = !computed && property.type === "Identifier"
    ? property.name
    : property.type === "Literal"
    ? String(property.value)
    : "?";
  const owner = object.type === "MemberExpression"
    ? nameOfMember(object)
    : object.type === "Identifier"
    ? object.name
    : "?";
  return owner === "globalThis" ? key : `${owner}.${key}`;
}

/** True where an identifier names a member of something, as in `clock.setTimeout` or a method's declaration. */
function isNameOfMember(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  switch (parent.type) {
    case "MemberExpression":
      return parent.property === node && !parent.computed;
    case "Property":
    case "PropertyDefinition":
    case "MethodDefinition":
    case "TSMethodSignature":
    case "TSPropertySignature":
      return parent.key === node && !parent.computed;
    default:
      return false;
  }
}
