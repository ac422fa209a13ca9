/** Where people see the pages in tests that reach the server past a proxy. */
export const publicUrl = "https://countersign.example.com";
