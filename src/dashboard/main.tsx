// What does the browser start with?
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { isLost, whenRefused } from "./data/http.ts";
import { askAgain } from "./data/session.ts";
import { restoreTheme } from "./parts/theme.tsx";
import { makeRouter } from "./router.tsx";

restoreTheme();
const client = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal stays one; a controller that does not answer is started again.
      retry: (count, error) => isLost(error) && count < 20,
      retryDelay: (count) => Math.min(500 * 2 ** count, 5_000),
      refetchOnWindowFocus: false,
    },
  },
});
whenRefused((status) => askAgain(client, status));
const app = document.querySelector("#app");
if (!app) throw new Error("the page has no place for the dashboard");
createRoot(app).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={makeRouter()} />
    </QueryClientProvider>
  </StrictMode>,
);
