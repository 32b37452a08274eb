"""The page: screens for people, over the same questions as the routes. One module a screen; `screens` serves them."""
