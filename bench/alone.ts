// stub
export const ALONE: Readonly<Record<string, () => Promise<void>>> = {};
