export declare function neverSeen(documented: string[], seen: Iterable<string>): string[];
export declare function assertAllAnswersSeen(directory: string, globalConfig: { testNamePattern?: string }): void;
